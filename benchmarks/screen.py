"""The terminal program on a real pseudo-terminal: first frame, a step, typing."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from timing import ENVIRONMENT, KVMDBG, ROOT, Figure, median

COLUMNS, ROWS = 120, 40
QUIET = 0.15                      # seconds without output after which a frame is complete
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[()][A-Z0-9]")


class Screen:
    """kvmdbg on a pty, by bytes and times."""

    def __init__(self, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = ENVIRONMENT | {"TERM": "xterm-256color", "KVMDBG_HISTORY": "", "PROMPT_TOOLKIT_NO_CPR": "1"}
        self.began = time.perf_counter()
        self.child = subprocess.Popen([*KVMDBG, *arguments], stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, env=environment,
                                      start_new_session=True)
        os.close(slave)

    def read(self, patience: float) -> bytes:
        ready, _, _ = select.select([self.master], [], [], patience)
        try:
            return os.read(self.master, 1 << 16) if ready else b""
        except OSError:
            return b""

    def until(self, wanted: bytes, patience: float = 20.0) -> float:
        """Seconds from the start of the process until its text shows `wanted`."""
        seen = b""
        while time.perf_counter() - self.began < patience:
            seen += self.read(0.05)
            if wanted in ESCAPES.sub(b"", seen):
                return time.perf_counter() - self.began
        raise TimeoutError(f"never saw {wanted!r} in {ESCAPES.sub(b'', seen)[-500:]!r}")

    def settle(self) -> None:
        while self.read(QUIET):
            pass

    def key(self, key: bytes) -> float:
        """Seconds from a key to the first byte of what it draws."""
        self.settle()
        start = time.perf_counter()
        os.write(self.master, key)
        self.read(2.0)
        return time.perf_counter() - start

    def end(self) -> None:
        self.child.kill()
        self.child.wait()
        os.close(self.master)


def first_frame(*arguments: str, shows: bytes) -> float:
    """Seconds from nothing to a screen that shows something, the median of five."""
    found = []
    for _ in range(5):
        screen = Screen(*arguments)
        found.append(screen.until(shows))
        screen.end()
    return median(found)


def figures() -> list[Figure]:
    screen = Screen("tui")
    screen.until(b"(kvmdbg)")
    screen.settle()
    steps = [screen.key(b"\x1b[23~") for _ in range(30)]                     # F11: step
    screen.key(b":")
    echoes = [screen.key(letter.encode()) for letter in "inject mov cr3, 0x2000 # typed"]
    screen.end()
    return [Figure("tui: start to first frame", first_frame("tui", shows=b"(kvmdbg)"), "s", 1.0),
            Figure("repl: start to prompt", first_frame("repl", shows=b"(kvmdbg)"), "s", 0.4),
            Figure(f"tui: key to frame of a step at {COLUMNS}x{ROWS}", median(steps) * 1e3, "ms", 60.0),
            Figure("tui: echo of a typed letter", median(echoes) * 1e3, "ms", 25.0)]
