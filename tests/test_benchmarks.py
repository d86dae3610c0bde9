"""The benchmarks run; their figures are for people, and nothing is asserted about time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_a_table_of_figures_is_printed() -> None:
    done = subprocess.run([sys.executable, "benchmarks/run.py", "machine"], cwd=ROOT, capture_output=True, text=True, check=True,
                          env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert "machine, recording: against bare" in done.stdout
    assert done.stderr == ""
