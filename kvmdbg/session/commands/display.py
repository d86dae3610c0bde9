"""display: an expression that is shown at every stop."""

from __future__ import annotations

from kvmdbg.session import expr
from kvmdbg.session.formats import displayed
from kvmdbg.session.grid import Grid, Row, columns
from kvmdbg.session.operands import Expression, Format
from kvmdbg.session.parse import command
from kvmdbg.session.reports import report
from kvmdbg.session.results import Many, Result
from kvmdbg.session.session import Session


@command("display", group="data", aliases=("disp",), examples=("display vcpu.requests", "display/x vmcs02.EPT_POINTER", "display"))
def display(s: Session, format: Format = None, what: Expression = "") -> Result:
    """Show an expression now and at every stop; without one, show all displays now."""
    if not what:
        return Many(s.shown_displays())
    expr.evaluate(what, s.scope())
    number = max(s.displays, default=0) + 1
    s.displays[number] = (format[1] if format else "", what)
    return displayed(s.scope(), number, *s.displays[number])


@report("display", title="Displays", aliases=("displays",))
def displays(s: Session) -> Grid:
    """The expressions that `display` shows at each stop, with their values at the cursor."""
    rows = tuple(row(s, number, letter, text) for number, (letter, text) in s.displays.items())
    note = "" if rows else "There are no auto-display expressions now."
    return Grid("Displays", columns("Num>", "Fmt", "Expression", "Value"), rows, note)


def row(s: Session, number: int, letter: str, text: str) -> Row:
    value = displayed(s.scope(), number, letter, text).text.partition(f"{text} = ")[2]
    return Row((str(number), f"/{letter}" if letter else "", text, value), key=number)
