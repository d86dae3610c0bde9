"""IRET: back from a handler."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import access, segmentation, vmcs
from kvmdbg.machine.hw.controls import (
    BLOCKING_NMI,
    EXIT_REASON_EPT_VIOLATION,
    PIN_NMI_EXITING,
    PIN_VIRTUAL_NMIS,
    RFLAGS_NT,
    RFLAGS_RESERVED0,
    RFLAGS_RESERVED1,
    RFLAGS_VM,
)
from kvmdbg.machine.hw.faults import GuestFault, VmExit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instruction import JUMPED, instruction
from kvmdbg.machine.hw.modes import long_mode, non_root
from kvmdbg.machine.hw.state import Cpu, Hardware

QUAL_UNBLOCKED_NMI: Final = 1 << 12        # of the exit qualification of an EPT violation (SDM Vol. 3C 27.2.3)
ABOUT_NMIS: Final = PIN_NMI_EXITING | PIN_VIRTUAL_NMIS
KEPT: Final = RFLAGS_RESERVED0 | RFLAGS_VM


@instruction("iret", length=2, source="SDM Vol. 2A IRET/IRETQ; Vol. 3A 6.7.1; Vol. 3C 25.3")
def run(hw: Hardware, cpu: Cpu) -> str:
    """Pop RIP, CS, RFLAGS, RSP and SS from the stack, and let NMIs in again (virtual ones where those are blocked).

    A guest whose NMIs exit, and that has no virtual ones, lets none in.
    """
    if not long_mode(cpu) or access.cpl(cpu):
        raise Unsupported("IRET outside 64-bit mode, or from privilege level 3, is not modelled", "Return from a 64-bit handler.")
    blocked = 0 if keeps_nmis_out(hw, cpu) else cpu.blocking & BLOCKING_NMI
    cpu.blocking &= ~blocked                         # also where IRET faults
    try:
        rip, cs, rflags, rsp, ss = _frame(hw, cpu)
    except GuestFault as fault:
        fault.unblocked_nmi = bool(blocked)
        raise
    except VmExit as exit:
        if blocked and exit.reason == EXIT_REASON_EPT_VIOLATION:
            exit.qualification |= QUAL_UNBLOCKED_NMI
        raise
    segments = cpu.descriptors
    cpu.descriptors = segments._replace(cs=segments.cs._replace(selector=cs & 0xFFFF),
                                        ss=segments.ss._replace(selector=ss & 0xFFFF))
    cpu.rip = rip
    cpu.rsp = rsp
    cpu.rflags = rflags & ~KEPT | cpu.rflags & KEPT | RFLAGS_RESERVED1
    return JUMPED


def keeps_nmis_out(hw: Hardware, cpu: Cpu) -> bool:
    """Is blocking by NMI none of the guest's business: "NMI exiting" without "virtual NMIs"?"""
    return non_root(cpu) and vmcs.read(hw, cpu, F.PIN_BASED_VM_EXEC_CONTROL) & ABOUT_NMIS == PIN_NMI_EXITING


def _frame(hw: Hardware, cpu: Cpu) -> tuple[int, ...]:
    """RIP, CS, RFLAGS, RSP and SS from the stack.  raises: GuestFault, VmExit."""
    if cpu.rflags & RFLAGS_NT:
        raise GuestFault("#GP")
    frame = tuple(access.load(hw, cpu, segmentation.on_stack(cpu, cpu.rsp + 8 * slot & 0xFFFF_FFFF_FFFF_FFFF)) for slot in range(5))
    rip, cs, _, _, ss = frame
    if (cs | ss) & 3:
        raise Unsupported("IRET to a program of another privilege level is not modelled", "Return to privilege level 0.")
    if not cs & 0xFFFC or not access.paging_of(hw, cpu).canonical(rip):
        raise GuestFault("#GP")
    return frame
