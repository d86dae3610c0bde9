"""info: the reports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from kvmdbg.errors import UserError
from kvmdbg.session.grid import Grid, Row, columns
from kvmdbg.session.operands import Words
from kvmdbg.session.parse import Candidate, Operand, command, did_you_mean
from kvmdbg.session.reports import REPORTS, Report
from kvmdbg.session.results import Result
from kvmdbg.session.session import Session


def find(word: str) -> Report:
    """A report by name, alias or unique prefix.  raises: UserError in gdb's voice."""
    exact = [one for one in REPORTS if word == one.name or word in one.aliases]
    found = exact or [one for one in REPORTS if one.name.startswith(word)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f'Ambiguous info command "{word}": {", ".join(one.name for one in found)}.')
    raise UserError(f'Undefined info command: "{word}".  Try "help info".', did_you_mean(word, REPORTS.names()))


class ReportOperand(Operand):
    name, describe = "REPORT", "the name of a report, see `info` alone"

    def parse(self, session: Session, word: str) -> Report:
        return find(word)

    def complete(self, session: Session, text: str) -> Iterable[Candidate]:
        return [Candidate(one.name, 0, one.meaning) for one in REPORTS if one.name.startswith(text)]


ReportName = Annotated[Report | None, ReportOperand()]


@command("info", group="data", aliases=("i", "inf"), recorded=False,
         examples=("info tlb", "info requests", "info vmcs 12", "info breakpoints"))
def info(s: Session, what: ReportName = None, argument: Words = "") -> Result:
    """Show a report on the state at the cursor; without a name, list the reports."""
    if what is None:
        rows = tuple(Row((one.name, one.meaning), key=one.name) for one in REPORTS)
        return Grid("Reports", columns("info", "shows"), rows)
    if argument and not what.takes_argument:
        raise UserError(f"info {what.name} takes no argument: {argument!r}")
    return what(s, argument)
