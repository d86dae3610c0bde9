"""interval: stretches of a session that `compare` counts by themselves."""

from __future__ import annotations

from typing import Annotated, Final

from kvmdbg.errors import UserError
from kvmdbg.session.grid import Grid, Row, columns
from kvmdbg.session.operands import ChoiceOperand, LineOperand
from kvmdbg.session.parse import command
from kvmdbg.session.results import Result
from kvmdbg.session.session import Session

BEGIN: Final = "begin"
END: Final = "end"
What = Annotated[str, ChoiceOperand("begin|end", BEGIN, END)]
IntervalName = Annotated[str, LineOperand("NAME", "a name, as a table's heading shows it")]


@command("interval", group="session", examples=("interval begin 2p/16K", "interval end", "interval"))
def interval(s: Session, what: What = "", name: IntervalName = "") -> Result:
    """Name a stretch of the session, from `begin` to `end`: `compare` counts it by itself; alone, list the stretches.

    Several of one name are added up.  They do not overlap.
    """
    intervals, at = s.timeline.intervals, s.tape.cursor
    open_one = next((one for one in intervals if one.stop < 0), None)
    if not what:
        rows = tuple(Row((one.name, f"#{one.start}", f"#{one.stop}" if one.stop >= 0 else "open"), key=one) for one in intervals)
        return Grid("Intervals", columns("name", "from>", "to>"), rows, "" if rows else "No intervals.")
    if what == BEGIN:
        if not name:
            raise UserError("interval begin: NAME is missing", "Write: interval begin NAME.")
        if open_one is not None:
            raise UserError(f"the interval {open_one.name} has not ended", "Write `interval end` first.")
        s.timeline.begin_interval(name, at)
        return None
    if open_one is None or name not in ("", open_one.name):
        raise UserError("no interval has begun" if open_one is None else f"the interval that has begun is {open_one.name}",
                        "Write `interval begin NAME` first.")
    if at < open_one.start:
        raise UserError(f"the interval {open_one.name} begins at #{open_one.start}, after this place", "Go forward first.")
    s.timeline.end_interval(at)
    return None
