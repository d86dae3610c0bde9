"""context: every pane as text."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import UserError
from kvmdbg.session.commands.list_ import list_
from kvmdbg.session.motion import Backward
from kvmdbg.session.parse import command
from kvmdbg.session.reports import REPORTS
from kvmdbg.session.results import Many, Result, Text
from kvmdbg.session.session import Session

PANES: Final = ("vcpus", "requests", "tlb", "vmcs", "breakpoints", "display")


@command("context", group="data", aliases=("ctx",), examples=("context",), recorded=False)
def context(s: Session) -> Result:
    """Show everything at once: where the cursor stands, the source, and the reports that the panes of the TUI show."""
    where = Text(Backward(s, s.tape.cursor).describe(s.tape.cursor))
    try:
        s.list_from = None
        source: Result = list_(s)
    except UserError as none:
        source = Text(none.message)
    s.list_from, s.repeat_line = None, ""
    return Many((where, source, *(REPORTS[name](s) for name in PANES if name in REPORTS)))
