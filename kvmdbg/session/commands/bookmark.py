"""bookmark (mark): names for positions."""

from __future__ import annotations

import re

from kvmdbg.errors import UserError
from kvmdbg.session.grid import CURRENT, Grid, Row, columns
from kvmdbg.session.motion import Backward
from kvmdbg.session.operands import Name
from kvmdbg.session.parse import command
from kvmdbg.session.results import Result, Text
from kvmdbg.session.session import Session


@command("bookmark", group="motion", aliases=("mark", "checkpoint"), examples=("bookmark before-flush", "bookmark"))
def bookmark(s: Session, name: Name = "") -> Result:
    """Give the cursor's position a name, for `goto` and `diff`; alone, list the bookmarks."""
    marks = s.timeline.bookmarks
    if not name:
        motion = Backward(s, s.tape.cursor)
        rows = tuple(Row((one, f"#{at}", motion.describe(at).partition(" ")[2] if at <= s.tape.end else "cut off"),
                         CURRENT if at == s.tape.cursor else "", one)
                     for one, at in sorted(marks.items(), key=lambda item: item[1]))
        return Grid("Bookmarks", columns("name", "at>", "before"), rows, "" if rows else "No bookmarks.")
    if not re.fullmatch(r"[A-Za-z_][\w.-]*", name) or name in ("start", "end"):
        raise UserError(f"{name!r} cannot name a bookmark", "Use letters, digits, - and _, beginning with a letter.")
    marks[name] = s.tape.cursor
    return Text(f"Bookmark {name} at #{s.tape.cursor}")
