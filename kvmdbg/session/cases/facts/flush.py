"""`flush`, `flushed`, `not_flushed`: which VPIDs a step invalidates. `vpid01` is L1's number, `vpid02` the one lent to L2."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.events import Invalidated
from kvmdbg.machine.kvm.events import FlushAsked, NestedEntered
from kvmdbg.session.cases.fact import Observed, key
from kvmdbg.session.cases.model import Value

INVVPID: Final = "invvpid"
ALL_CONTEXT: Final = "all-context"
WHOLE: Final = ("single-context", ALL_CONTEXT)       # types that leave nothing of a VPID
NESTED_ENTRY: Final = "nested entry"
NONE: Final = "none"


@key("flush")
def flush(observed: Observed, wanted: Value) -> str:
    """What the rule of nested entry itself flushes: `none`, `vpid01`, `context vpid02`.

    Loading L2's root flushes as well on the kernels of this rule; that is another function's doing and not compared.
    """
    word = str(wanted).removeprefix("context ")
    if word != NONE and word not in ("vpid01", "vpid02"):
        raise Unsupported(f"flush: {wanted}")
    if not observed.events(NestedEntered):
        return f"no nested entry: {observed.seen}"
    seen = sorted({_name(observed, event.vpid) for event in _of_nested_entry(observed)})
    return "" if seen == ([] if word == NONE else [word]) else ", ".join(seen) or NONE


@key("flushed")
def flushed(observed: Observed, wanted: Value) -> str:
    """Each of these VPIDs was invalidated as a whole."""
    missing = [name for name in wanted if not _covered(observed, _number(observed, name))]
    return f"no INVVPID of {', '.join(missing)}" if missing else ""


@key("not_flushed")
def not_flushed(observed: Observed, wanted: Value) -> str:
    """No INVVPID of the step names one of these VPIDs or every VPID."""
    touched = [name for name in wanted if _named(observed, _number(observed, name))]
    return f"INVVPID of {', '.join(touched)}" if touched else ""


def _of_nested_entry(observed: Observed) -> list[Invalidated]:
    """The INVVPIDs that follow what nested entry asked for, up to what somebody else asks for."""
    mine, found = False, []
    for event in observed.events(FlushAsked, Invalidated):
        if isinstance(event, FlushAsked):
            mine = event.by == NESTED_ENTRY
        elif mine and event.by == INVVPID:
            found.append(event)
    return found


def _invvpids(observed: Observed) -> list[Invalidated]:
    return [event for event in observed.events(Invalidated) if event.by == INVVPID]


def _covered(observed: Observed, vpid: int) -> bool:
    return any(event.type in WHOLE and event.vpid in (vpid, -1) for event in _invvpids(observed))


def _named(observed: Observed, vpid: int) -> bool:
    return any(event.vpid == vpid or event.type == ALL_CONTEXT for event in _invvpids(observed))


def _number(observed: Observed, name: Value) -> int:
    numbers = {"vpid01": observed.vcpu.vpid, "vpid02": observed.vcpu.vpid02}
    if name not in numbers:
        raise Unsupported(f"flushed: {name}")
    return numbers[name]


def _name(observed: Observed, vpid: int) -> str:
    return {observed.vcpu.vpid: "vpid01", observed.vcpu.vpid02: "vpid02"}.get(vpid, f"VPID {vpid}")
