"""A program on a real pseudo-terminal, with a terminal emulator (pyte) that reads along: what a person would see.

Keys are written as bytes, as fast as wanted; `wait_for` reads until the screen says something.  Only programs that the
harness started are ended by it.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import pyte

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0        # seconds until a screen that does not come is a failure


class Terminal:
    """One child on one pty."""

    def __init__(self, arguments: Sequence[str], columns: int = 80, rows: int = 24,
                 environment: Mapping[str, str] | None = None) -> None:
        self.master, slave = pty.openpty()
        self.raw = b""
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._set_size(columns, rows)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TEXTUAL", "COLUMNS", "LINES")}
        clean |= {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "KVMDBG_HISTORY": "", "TEXTUAL_ANIMATIONS": "none"}
        self.child = subprocess.Popen([sys.executable, *arguments], stdin=slave, stdout=slave, stderr=slave, cwd=ROOT,
                                      env=clean | dict(environment or {}), start_new_session=True,
                                      preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        os.close(self.master)
        os.close(self.slave)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    # -- writing ----------------------------------------------------------------------------------------------------

    def type(self, keys: str) -> None:
        """Write keys at once, as fast as the pty takes them."""
        os.write(self.master, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(rows, columns)
        self._set_size(columns, rows)
        os.kill(self.child.pid, signal.SIGWINCH)

    # -- reading ----------------------------------------------------------------------------------------------------

    def read(self, seconds: float = 0.05) -> bytes:
        """What comes within `seconds`."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return b""
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return b""
        self.raw += data
        self._stream.feed(data)
        return data

    def lines(self) -> list[str]:
        """The screen as text."""
        return [line.rstrip() for line in self.screen.display]

    def text(self) -> str:
        return "\n".join(self.lines())

    def wait_for(self, wanted: str | Callable[[Terminal], bool], patience: float = PATIENCE) -> str:
        """Read until the screen shows `wanted`; the screen then.  raises: AssertionError with the screen when it never does."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            self.read()
            if wanted in self.text() if isinstance(wanted, str) else wanted(self):
                return self.text()
            if self.child.poll() is not None and not self.read():
                break
        if wanted in self.text() if isinstance(wanted, str) else wanted(self):
            return self.text()
        raise AssertionError(f"never saw {wanted!r}; exit code {self.child.poll()}; the screen:\n{self.text()}")

    def wait_until_quiet(self, seconds: float = 0.3) -> str:
        """Read until nothing has come for `seconds`."""
        while self.read(seconds):
            pass
        return self.text()

    def wait_for_exit(self, patience: float = PATIENCE) -> int:
        """The exit code.  raises: AssertionError with the screen when it does not come."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            self.read()
            if (code := self.child.poll()) is not None:
                while self.read(0.1):
                    pass
                return code
        raise AssertionError(f"still running; the screen:\n{self.text()}")

    def restored(self) -> bool:
        """Is the terminal in the mode that it had before, with its cursor, and not on the alternate screen?"""
        after = termios.tcgetattr(self.slave)
        shown = self.raw.rfind(b"\x1b[?25h") >= self.raw.rfind(b"\x1b[?25l")
        normal = self.raw.rfind(b"\x1b[?1049l") >= self.raw.rfind(b"\x1b[?1049h")
        return after[:4] == self.before[:4] and shown and normal
