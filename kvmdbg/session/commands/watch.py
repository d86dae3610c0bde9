"""watch: stop when a value has changed."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.session import expr
from kvmdbg.session.breakpoints import WATCH, split
from kvmdbg.session.commands.break_ import made
from kvmdbg.session.operands import Location
from kvmdbg.session.parse import command
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session


@command("watch", group="stops", aliases=("wa",),
         examples=("watch vcpu0.requests", "watch vmcs02.EPT_POINTER", "watch tlb[vpid==3]",
                   "watch vcpu.last_vpid if vcpu.last_vpid == 2"))
def watch(s: Session, what: Location) -> Text:
    """Stop after an entry that changed the value of an expression; old and new value are shown.

    `tlb[vpid==3]` changes when such an entry appears, vanishes or is replaced.
    """
    scope = s.scope()
    expression = split(what)[0]
    expr.evaluate(expression, scope)
    if not scope.reads.cells:
        raise UserError(f"Cannot watch constant value `{expression}'.")
    return made(s, WATCH, what)
