"""RSM: return from system-management mode."""

from __future__ import annotations

from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("rsm", length=2, source="SDM Vol. 2B RSM; Vol. 3C 34.4")
def run(hw: Hardware, cpu: Cpu) -> None:
    """#UD outside system-management mode, where this processor never is; KVM emulates the guest's."""
    raise GuestFault("#UD")
