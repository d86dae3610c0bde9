"""A bar on standard error that says how far a long run is; nothing where that is no terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

T = TypeVar("T")
BAR: Final = 30                # cells
ERASE: Final = "\r\x1b[K"


def progress(steps: Iterable[T], total: int) -> Iterator[T]:
    """The steps, with a bar of how many of `total` have come; it is gone while the caller prints, and at the end."""
    if not sys.stderr.isatty():
        yield from steps
        return
    draw(0, total)
    for done, step in enumerate(steps, start=1):
        write(ERASE)
        yield step
        sys.stdout.flush()
        draw(done, total)
    write(ERASE)


def draw(done: int, total: int) -> None:
    """`[######......] 12 of 40`, as wide as the terminal allows."""
    figures = f"{done} of {total}"
    width = min(BAR, shutil.get_terminal_size().columns - len(figures) - 4)
    full = width * done // max(total, 1)
    write(f"[{'#' * full}{'.' * (width - full)}] {figures}" if width > 0 else figures)


def write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
