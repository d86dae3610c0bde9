"""INT1: the debug trap of hardware vendors."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import INTR_TYPE_PRIV_SW_EXCEPTION
from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("int1", length=1, source="SDM Vol. 2A INT n/INTO/INT3/INT1; Vol. 3C 24.8.3")
def run(hw: Hardware, cpu: Cpu) -> None:
    """Raise #DB, a privileged software exception: its handler returns to the next instruction."""
    raise GuestFault("#DB", type=INTR_TYPE_PRIV_SW_EXCEPTION)
