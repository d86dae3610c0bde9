"""record: the session as a script."""

from __future__ import annotations

from kvmdbg.session.operands import File
from kvmdbg.session.parse import command
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session


@command("record", group="session", examples=("record", "record my.kvmdbg"), recorded=False)
def record(s: Session, file: File = "") -> Text:
    """Write the session so far to a file, or show it: a script that ends with the digest of where it stands."""
    text = s.record()
    if not file:
        return Text(text.rstrip("\n"))
    s.write_file(file, text)
    return Text(f"{len(text.splitlines())} lines written to {file}")
