"""The panes: one file each, which says the title, the key and the size, and returns plain data for the session as it stands.

A pane never reads the machine to make its own table: a table is a report (session/reports), and `info` prints the same one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeVar

from kvmdbg.catalog import Catalog, open_drawer
from kvmdbg.errors import UserError
from kvmdbg.session import reports
from kvmdbg.session.grid import Grid, Row
from kvmdbg.session.session import Session

F = TypeVar("F", bound=Callable[..., Any])
GRID: Final = "grid"           # draws a Grid (session/grid.py)
SOURCE: Final = "source"       # draws a SourceView (panes/source.py)
LOG: Final = "log"             # draws the session's log
TIMELINE: Final = "timeline"   # draws a TimelineView (panes/timeline.py)


@dataclass(frozen=True, slots=True)
class PaneSpec:
    """One pane as declared."""

    name: str
    title: str
    key: str                   # the digit that jumps to it; "" = none
    size: str                  # "narrow" or "wide"
    kind: str                  # GRID, SOURCE, LOG or TIMELINE
    header: bool               # the names of the columns are shown
    details: bool              # what is hidden of the current row stands below the rows, where there is room
    report: str                # name of the report it shows; "" = none
    choose: Callable[[Row], str] | None   # the line that Enter on a row runs
    options: tuple[str, ...]   # arguments of `draw` that the key `d` goes through; () = none
    draw: Callable[..., Any]


PANES: Final[Catalog[PaneSpec]] = Catalog("pane")


def pane(name: str, *, title: str, key: str = "", size: str = "wide", kind: str = GRID, header: bool = True, details: bool = False,
         report: str = "", choose: Callable[[Row], str] | None = None,
         options: tuple[str, ...] = ()) -> Callable[[F], F]:
    """Declare a pane.  The decorated function returns what `kind` says."""
    def declare(draw: F) -> F:
        PANES.add(name, PaneSpec(name, title, key, size, kind, header, details, report, choose, options, draw))
        return draw
    return declare


def table(session: Session, report: str, argument: str = "") -> Grid:
    """The Grid of a report; what it has to complain about stands where the rows would be."""
    entry = reports.REPORTS[report]
    try:
        result = entry(session, argument)
    except UserError as error:
        return Grid(entry.title, (), (), str(error))
    return result if isinstance(result, Grid) else Grid(entry.title, (), (), "")


@cache
def all_panes() -> tuple[PaneSpec, ...]:
    """Every pane, in the order of their keys; opens the drawer once."""
    reports.load()
    open_drawer(__name__)
    return tuple(sorted(PANES, key=lambda spec: (spec.key or "~", spec.name)))
