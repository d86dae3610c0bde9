"""INT3: the breakpoint."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import INTR_TYPE_SOFT_EXCEPTION
from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("int3", length=1, source="SDM Vol. 2A INT n/INTO/INT3/INT1; Vol. 3C 24.8.3")
def run(hw: Hardware, cpu: Cpu) -> None:
    """Raise #BP, a software exception: its handler returns to the next instruction."""
    raise GuestFault("#BP", type=INTR_TYPE_SOFT_EXCEPTION)
