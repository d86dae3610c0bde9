"""break, tbreak, catch: stop before an event, or in a function."""

from __future__ import annotations

from kvmdbg.session import expr
from kvmdbg.session.breakpoints import BREAK, CATCH, DELETE, KEEP, Breakpoint, split
from kvmdbg.session.motion import NAMES
from kvmdbg.session.operands import Location
from kvmdbg.session.parse import command
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session
from kvmdbg.session.specs import fields_of


def names_at(s: Session, kind: str, what: str) -> tuple[str, ...]:
    """Names that a condition there may use besides the usual ones.  raises: UserError for a place that does not exist."""
    probe = Breakpoint(0, kind, what)
    probe.bind(s.kvm)
    return fields_of(probe.tests)


def made(s: Session, kind: str, where: str, disposition: str = KEEP) -> Text:
    """Make a breakpoint and say so."""
    what, vcpu, condition = split(where)
    if not what:
        one = s.tape.stack(s.tape.cursor)
        what = one[s.frame].function if one else what
    if condition:
        expr.require_names(condition, s.scope(), names_at(s, kind, what))
    found = s.breakpoints.add(s.kvm, kind, what, vcpu=vcpu, condition=condition, disposition=disposition)
    s.variables["bpnum"] = found.number
    temporary = "Temporary b" if disposition == DELETE else "B"
    name = NAMES[kind] if kind != BREAK else f"{temporary}reakpoint"
    return Text(f"{name} {found.number}: {found.describe()}")


@command("break", group="stops", aliases=("b", "br", "brea", "hbreak"),
         examples=("break flush", "break flush:single-context if vpid == vcpu.vpid02", "break req:TLB_FLUSH_CURRENT raised",
                   "break vmexit if reason == INVVPID", "break vmx_flush_tlb_current", "break vmentry vcpu 0", "break stale"))
def break_(s: Session, where: Location = "") -> Text:
    """Stop before an event happens, or in a function of the model that has just been entered.

    `help events` lists the events and their qualifiers.  In the condition the event's own fields are names, as are the
    state's (before the event).  Without an operand: at the selected frame's function.  `break forbidden` need not be set: every
    session stops there, unless `set stop-on-forbidden off`; see `help verdicts`.
    """
    return made(s, BREAK, where)


@command("tbreak", group="stops", aliases=("tb", "tbr"), examples=("tbreak vmentry",))
def tbreak(s: Session, where: Location) -> Text:
    """As `break`, for one stop only."""
    return made(s, BREAK, where, DELETE)


@command("catch", group="stops", aliases=("cat",), examples=("catch vmexit", "catch fault:#PF"))
def catch(s: Session, where: Location) -> Text:
    """As `break`, for an event, under gdb's name for it."""
    return made(s, CATCH, where)


@command("tcatch", group="stops", examples=("tcatch stuck",))
def tcatch(s: Session, where: Location) -> Text:
    """As `catch`, for one stop only."""
    return made(s, CATCH, where, DELETE)


@command("vmexitbp", group="stops", examples=("vmexitbp",))
def vmexitbp(s: Session) -> Text:
    """As `break vmexit`, for fingers from Bochs."""
    return made(s, BREAK, "vmexit")
