"""Controls that VM entry checks and the model cannot execute: an entry that would use one is refused before anything changes."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.checking import Subject
from kvmdbg.machine.hw.controls import (
    SEC_APIC_REGISTER_VIRT,
    SEC_BITS,
    SEC_ENABLE_PML,
    SEC_MODE_BASED_EXECUTE,
    SEC_VIRTUALIZE_X2APIC_MODE,
)

SECONDARY: Final = {
    SEC_VIRTUALIZE_X2APIC_MODE: "the local APIC has no x2APIC mode here",
    SEC_APIC_REGISTER_VIRT: "reads of the virtual-APIC page are not virtualized",
    SEC_ENABLE_PML: "the processor's walk keeps no log",
    SEC_MODE_BASED_EXECUTE: "EPT has one right to execute here, for user and supervisor pages alike",
}


def refuse_unmodelled(s: Subject) -> None:
    """raises: Unsupported with the control and the reason."""
    for bit, reason in SECONDARY.items():
        if s.secondary & bit:
            raise Unsupported(f"{SEC_BITS[bit]} is checked by VM entry and cannot be executed: {reason}", "Clear the control.")
