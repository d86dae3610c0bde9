"""What the benchmarks share: a figure with its limit, and how to take the time of something."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
KVMDBG = [sys.executable, "-m", "kvmdbg"]
# As a user starts it: without our environment's ideas about colours, screens, buffers and compiled modules.
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if name not in ("NO_COLOR", "COLUMNS", "LINES", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")}
SEED = ROOT / "scripts" / "seeds" / "003-nested-vpid.kvmdbg"


class Figure(NamedTuple):
    """One line of the table."""

    name: str
    measured: float
    unit: str              # "s", "ms", "us" or "x" (a ratio)
    limit: float | None    # what is promised; None: for information
    note: str = ""


def best(work: Callable[[], object], times: int = 5) -> float:
    """Seconds of the fastest of several runs: the one that was disturbed least."""
    return min(seconds(work) for _ in range(times))


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def process(*arguments: str, times: int = 7) -> float:
    """Seconds of a whole process of kvmdbg, the median of several."""
    def call() -> None:
        subprocess.run([*KVMDBG, *arguments], cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.DEVNULL, check=True)

    call()
    return median([seconds(call) for _ in range(times)])
