"""Breakpoints, catchpoints and watchpoints, as gdb lists them."""

from __future__ import annotations

from kvmdbg.session.breakpoints import WATCH, Breakpoint
from kvmdbg.session.grid import BREAKPOINT, DISABLED, Grid, Row, columns
from kvmdbg.session.report_view import View
from kvmdbg.session.reports import report

COLUMNS = columns("Num>", "Type", "Disp/2", "Enb/1", "Hits>/1", "What")


@report("breakpoints", title="Breakpoints")
def breakpoints(s: View) -> Grid:
    """All that can stop the session: number, type, what happens after a hit, whether it is enabled, hits so far, what it waits for.

    Disp: keep, del (tbreak) or dis (enable once).  B enabled, x disabled.
    """
    return listed("Breakpoints", list(s.breakpoints), "No breakpoints or watchpoints.")


@report("watchpoints", title="Watchpoints")
def watchpoints(s: View) -> Grid:
    """The watchpoints only."""
    return listed("Watchpoints", [one for one in s.breakpoints if one.kind == WATCH], "No watchpoints.")


def listed(title: str, found: list[Breakpoint], none: str) -> Grid:
    rows = tuple(Row((str(one.number), one.kind, one.disposition, "y" if one.enabled else "n", str(one.hits), what(one)),
                     BREAKPOINT if one.enabled else DISABLED, one.number, "" if one.enabled else "dim") for one in found)
    return Grid(title, COLUMNS, rows, "" if rows else none)


def what(one: Breakpoint) -> str:
    """What it waits for, and what else was said about it."""
    more = [f"ignore next {one.ignore} hits" if one.ignore else "",
            f"disable after {one.stop_after} more hits" if one.stop_after else "",
            f"commands: {'; '.join(one.commands)}" if one.commands else ""]
    return "  ".join([one.describe(), *(text for text in more if text)])
