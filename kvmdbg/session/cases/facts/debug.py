"""`pending_debug`, `pending_debug_has`, `dr6`: what debug exceptions leave behind."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.session.cases.debug_bits import debug_bits
from kvmdbg.session.cases.fact import Observed, key, kind_is, same_number
from kvmdbg.session.cases.model import Value
from kvmdbg.session.cases.seen import EXIT

UNCHANGED: Final = "unchanged"


@key("pending_debug")
def pending_debug(observed: Observed, wanted: Value) -> str:
    """All bits of the pending debug exceptions that L1 finds."""
    return kind_is(observed, EXIT) or same_number(observed, _pending(observed), debug_bits(observed.binding, wanted))


@key("pending_debug_has")
def pending_debug_has(observed: Observed, wanted: Value) -> str:
    """These bits are set in them."""
    mask, seen = debug_bits(observed.binding, wanted), _pending(observed)
    return kind_is(observed, EXIT) or ("" if seen & mask == mask else f"{seen:#x}")


@key("dr6")
def dr6(observed: Observed, wanted: Value) -> str:
    """The debug status register, which levels share; `unchanged` in this step."""
    cpu = observed.kvm.cpu(observed.vcpu)
    if wanted != UNCHANGED:
        return same_number(observed, cpu.dr6, debug_bits(observed.binding, wanted))
    old = next((old for owner, name, old, _ in observed.kvm.tape.entries[observed.start:observed.stop]
                if owner is cpu and name == "dr6"), cpu.dr6)
    return "" if old == cpu.dr6 else f"{cpu.dr6:#x}"


def _pending(observed: Observed) -> int:
    return vmcs12.get(observed.kvm, observed.vcpu, F.GUEST_PENDING_DBG_EXCEPTIONS)
