"""What `info NAME` prints and what the pane of that name shows: one function each, in one place.

A report is declared in a file of this drawer:

    @report("tlb", title="TLB", aliases=("tl",))
    def tlb(s: Session) -> Grid: ...

It may take one more parameter, `argument: str = ""`: the text after the name (`info vmcs 12`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from kvmdbg.catalog import Catalog, open_drawer
from kvmdbg.session.grid import Grid
from kvmdbg.session.results import Result

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True, frozen=True)
class Report:
    """One declared report.  aliases: other names that `info` takes; `info` takes unique prefixes as well."""

    name: str
    title: str
    aliases: tuple[str, ...]
    meaning: str              # first line of its docstring
    help: str                 # the whole docstring
    takes_argument: bool
    show: Callable[..., Any]

    def __call__(self, session: Any, argument: str = "") -> Result:
        """Make the report of a session at its cursor.  argument: ignored by a report that takes none."""
        result: Result = self.show(session, argument) if self.takes_argument else self.show(session)
        return result


REPORTS: Final[Catalog[Report]] = Catalog("report")


def report(name: str, *, title: str, aliases: tuple[str, ...] = ()) -> Callable[[F], F]:
    """Declare a report: a function of the Session (and perhaps of one text) that returns a Grid, a Text or Many."""

    def declare(function: F) -> F:
        help_text = inspect.getdoc(function) or ""
        REPORTS.add(name, Report(name, title, aliases, help_text.partition("\n")[0], help_text,
                                 len(inspect.signature(function).parameters) > 1, function))
        return function

    return declare


def load() -> None:
    """Import the files of this drawer, once."""
    open_drawer(__name__)


__all__ = ["REPORTS", "Grid", "Report", "load", "report"]
