"""Breakpoints, watchpoints and displays.  Enter switches the selected breakpoint on or off."""

from __future__ import annotations

from kvmdbg.session.grid import DISABLED, Grid, Row
from kvmdbg.session.session import Session
from kvmdbg.ui.panes import pane, table


def switch(row: Row) -> str:
    """The line that switches a breakpoint; "" for a display."""
    return f"{'enable' if row.mark == DISABLED else 'disable'} {row.key}" if isinstance(row.key, int) else ""


@pane("breakpoints", title="Breakpoints", key="6", size="narrow", report="breakpoints", choose=switch)
def breakpoints(session: Session) -> Grid:
    """`info breakpoints`, then what `display` shows at every stop."""
    stops = table(session, "breakpoints")
    shown = tuple(display_row(value.text, len(stops.columns)) for value in session.shown_displays())
    if not shown:
        return stops
    return Grid("Breakpoints / Displays", stops.columns, (*stops.rows, *shown))


def display_row(text: str, width: int) -> Row:
    """`1: vcpu.requests = 0` as a row of the table."""
    number, _, rest = text.partition(": ")
    return Row((number, "display", *[""] * (width - 3), rest.partition("\n")[0]), "", f"display {number}")
