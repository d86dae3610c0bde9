"""What every face without a screen prints with, and the exit codes."""

from __future__ import annotations

import shutil
import sys
from typing import Final

OK: Final = 0
FAILED: Final = 1              # an expectation, a line or a case failed
USAGE: Final = 2               # wrong usage, or a file that cannot be read


def out(text: str) -> None:
    """A line (or lines) on standard output; nothing for nothing."""
    if text:
        sys.stdout.write(text + "\n")


def tell(message: object) -> None:
    """A line on standard error, after what was printed before it."""
    sys.stdout.flush()
    sys.stderr.write(f"{message}\n")


def screen_width() -> int:
    """Columns of the terminal that standard output is; 0 (unlimited) when it is none."""
    return shutil.get_terminal_size((0, 0)).columns if sys.stdout.isatty() else 0
