"""`event`, `delivered`, `handled_by`, `handler_runs`, `l2_instructions`, `activity`, `type`, `length`."""

from __future__ import annotations

import re
from typing import Any, Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.delivery import VECTORS
from kvmdbg.machine.hw.events import Delivered, Faulted, Retired
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.interrupts import NMI_VECTOR
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.events import NestedEntered, NestedExited
from kvmdbg.session.cases.fact import Observed, key, kind_is, same_number
from kvmdbg.session.cases.model import Value
from kvmdbg.session.cases.operations.vmwrite import ACTIVITIES
from kvmdbg.session.cases.seen import EXIT

HANDLED: Final = re.compile(r"(?:vector )?(#?\w+) handled by (L[12])")
NAMED: Final = {**VECTORS, "NMI": NMI_VECTOR}
ONCE: Final = "delivered once"
IRET: Final = "iret"


@key("event")
def event(observed: Observed, wanted: Value) -> str:
    """`vector 0xf1 handled by L1`, `delivered once`."""
    deliveries = _by_level(observed, Delivered)
    if wanted == ONCE:
        return "" if len(deliveries) == 1 else f"{len(deliveries)} deliveries"
    match = HANDLED.fullmatch(str(wanted))
    if match is None:
        raise Unsupported(f"event: {wanted}")
    vector = NAMED[match[1]] if match[1] in NAMED else observed.binding.number(match[1])
    seen = [(level, one.vector) for level, one in deliveries]
    return "" if (match[2],
                  vector) in seen else f"delivered: {', '.join(f'{one:#x} to {level}' for level, one in seen) or 'nothing'}"


@key("delivered")
def delivered(observed: Observed, wanted: Value) -> str:
    """How many events came to a guest."""
    return same_number(observed, len(_by_level(observed, Delivered)), wanted)


@key("handled_by")
def handled_by(observed: Observed, wanted: Value) -> str:
    """The level that got the exception itself."""
    levels = [level for level, _ in _by_level(observed, Faulted, Delivered)]
    return "" if wanted in levels else f"by {levels[0] if levels else 'nobody'}"


@key("handler_runs")
def handler_runs(observed: Observed, wanted: Value) -> str:
    """How many handlers came to their end."""
    return same_number(observed, len([one for _, one in _by_level(observed, Retired) if one.text == IRET]), wanted)


@key("l2_instructions")
def l2_instructions(observed: Observed, wanted: Value) -> str:
    """How many instructions L2 completed, or left with an exit of their own."""
    done = [one for level, one in _by_level(observed, Retired) if level == "L2"]
    return same_number(observed, len(done), wanted)


@key("activity")
def activity(observed: Observed, wanted: Value) -> str:
    """Activity state of L2 as L1 finds it."""
    if wanted not in ACTIVITIES:
        raise Unsupported(f"activity: {wanted}")
    seen = vmcs12.get(observed.kvm, observed.vcpu, F.GUEST_ACTIVITY_STATE)
    return kind_is(observed, EXIT) or ("" if seen == ACTIVITIES.index(wanted) else ACTIVITIES[seen])


@key("type")
def kind(observed: Observed, wanted: Value) -> str:
    """Interruption type of the event that made the exit."""
    return kind_is(observed, EXIT) or same_number(observed, _field(observed, F.VM_EXIT_INTR_INFO) >> 8 & 7, wanted)


@key("intr_info")
def intr_info(observed: Observed, wanted: Value) -> str:
    """All of the interruption information."""
    return kind_is(observed, EXIT) or same_number(observed, _field(observed, F.VM_EXIT_INTR_INFO), wanted)


@key("length")
def length(observed: Observed, wanted: Value) -> str:
    """Of the instruction that made the exit."""
    return kind_is(observed, EXIT) or same_number(observed, _field(observed, F.VM_EXIT_INSTRUCTION_LEN), wanted)


@key("idt_vectoring", "idt_vectoring_info")
def idt_vectoring(observed: Observed, wanted: Value) -> str:
    """IDT-vectoring information: the event whose delivery the exit has interrupted; 0 or `none` where there was none."""
    seen = _field(observed, F.IDT_VECTORING_INFO_FIELD)
    return kind_is(observed, EXIT) or same_number(observed, seen, 0 if wanted == "none" else wanted)


@key("idt_vectoring_error", "idt_vectoring_error_code")
def idt_vectoring_error(observed: Observed, wanted: Value) -> str:
    """Its error code."""
    return kind_is(observed, EXIT) or same_number(observed, _field(observed, F.IDT_VECTORING_ERROR_CODE), wanted)


@key("interruptibility")
def interruptibility(observed: Observed, wanted: Value) -> str:
    """Interruptibility state of L2 as L1 finds it."""
    return kind_is(observed, EXIT) or same_number(observed, _field(observed, F.GUEST_INTERRUPTIBILITY_INFO), wanted)


def _field(observed: Observed, encoding: int) -> int:
    return vmcs12.get(observed.kvm, observed.vcpu, encoding)


def _by_level(observed: Observed, *kinds: type) -> list[tuple[str, Any]]:
    """Events of these types with the level that was the guest, "L1" or "L2"."""
    found = []
    level = _first_level(observed)
    for one in observed.events(*kinds, NestedEntered, NestedExited):
        if isinstance(one, NestedEntered):
            level = "L2"
        elif isinstance(one, NestedExited):
            level = "L1"
        else:
            found.append((level, one))
    return found


def _first_level(observed: Observed) -> str:
    """Who was the guest when the step began: what the first change of levels says, else who is now."""
    for one in observed.events(NestedEntered, NestedExited):
        return "L1" if isinstance(one, NestedEntered) else "L2"
    return "L2" if observed.vcpu.guest_mode else "L1"
