"""ignore, condition, commands: what a breakpoint waits for and does."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.session import expr
from kvmdbg.session.breakpoints import Breakpoint
from kvmdbg.session.operands import BreakpointNumber, Expression, Number, Numbers
from kvmdbg.session.parse import command
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session
from kvmdbg.session.specs import fields_of


@command("ignore", group="stops", examples=("ignore 1 3",))
def ignore(s: Session, breakpoint: BreakpointNumber, count: Number) -> Text:
    """Let the next COUNT hits of a breakpoint pass."""
    found: Breakpoint = breakpoint
    found.ignore = count
    return Text(f"Will ignore next {count} crossings of breakpoint {found.number}." if count
                else f"Will stop next time breakpoint {found.number} is reached.")


@command("condition", group="stops", aliases=("cond",), examples=("condition 1 vpid == 2", "condition 1"))
def condition(s: Session, breakpoint: BreakpointNumber, when: Expression = "") -> Text | None:
    """Give a breakpoint a condition, or take it away."""
    found: Breakpoint = breakpoint
    if when:
        expr.require_names(when, s.scope(), fields_of(found.tests))
    found.condition = when
    return None if when else Text(f"Breakpoint {found.number} now unconditional.")


@command("commands", group="stops", examples=("commands 1", "commands"), block=True)
def commands(s: Session, numbers: Numbers = (), body: tuple[str, ...] = ()) -> None:
    """Lines to run after each stop at a breakpoint (the one made last without a number), up to `end`.

    `silent` as the first line keeps the stop itself quiet.
    """
    for number in numbers or (s.breakpoints.last,):
        if number not in s.breakpoints:
            raise UserError(f"No breakpoint number {number}." if numbers else "No breakpoints specified.")
    for number in numbers or (s.breakpoints.last,):
        s.breakpoints[number].commands = body
