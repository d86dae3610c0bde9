"""Reading what a person names on the command line: scripts and case files, or one clear line about what is wrong with them."""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import Final

from kvmdbg.errors import UserError

STDIN: Final = "-"
STDIN_NAME: Final = "<stdin>"
LARGEST: Final = 64 << 20          # bytes; a session is a few kilobytes, more is a mistake
REASONS: Final = {errno.ENOENT: "no such file", errno.EISDIR: "is a directory, not a file", errno.EACCES: "permission denied",
                  errno.ENOTDIR: "no such file: a part of its path is no directory", errno.ENAMETOOLONG: "the name is too long",
                  errno.ELOOP: "too many symbolic links"}


def name_of(path: str) -> str:
    """How messages call a file: `<stdin>` for "-"."""
    return STDIN_NAME if path == STDIN else path


def read_text(path: str) -> str:
    """The text of a UTF-8 file, or of standard input for "-"; a byte-order mark and CRLF line ends are taken off.

    raises: UserError when it cannot be read, is no text, or is absurdly large.
    """
    try:
        if path == STDIN:
            data = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(LARGEST + 1)
    except OSError as wrong:
        raise UserError(f"{name_of(path)}: {REASONS.get(wrong.errno or 0, wrong.strerror or 'cannot be read')}") from None
    except ValueError:
        raise UserError(f"{path!r}: no name of a file") from None
    return decoded(name_of(path), data)


def decoded(name: str, data: bytes) -> str:
    """The bytes as text.  raises: UserError that says where they stop being text."""
    if len(data) > LARGEST:
        raise UserError(f"{name}: larger than {LARGEST >> 20} MiB: no session")
    at = data.find(b"\0")
    if at >= 0:
        raise UserError(f"{name}: not a text file (a zero byte at offset {at})")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise UserError(f"{name}: not a text file (no UTF-8 at offset {wrong.start})") from None
    return text.replace("\r\n", "\n")
