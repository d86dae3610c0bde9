"""The APIC-access page: linear accesses to one frame of memory become VM exits (SDM Vol. 3C 29.4; architecture.md C.1, E.4).

Whether a page is the APIC-access page is found out when its translation is cached, and belongs to what is cached.  So a translation
from before the address changed, or from before "virtualize APIC accesses" was 1, goes on to miss the page until it is invalidated;
and one cached before the page moved away still exits.  With EPT it belongs to the guest-physical mapping, from which combined
mappings are made: INVVPID alone does not bring it up to date, and the manual recommends INVEPT (29.4.3.4).  Accesses by
guest-physical address are not looked at.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.checking import secondary_controls
from kvmdbg.machine.hw.controls import EXIT_REASON_APIC_ACCESS, SEC_VIRTUALIZE_APIC_ACCESSES
from kvmdbg.machine.hw.faults import VmExit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.modes import non_root
from kvmdbg.machine.hw.state import NO_VMCS, Cpu, Hardware

ACCESS_TYPES: Final = {"read": 0, "write": 1, "fetch": 2}     # qualification, bits 15:12; bits 11:0 are the offset in the page
NO_PAGE: Final = -1


def apic_access_page(hw: Hardware, cpu: Cpu) -> int:
    """Physical address of the APIC-access page of the guest that runs; NO_PAGE while APIC accesses are not virtualized."""
    if not non_root(cpu) or cpu.current_vmcs == NO_VMCS:
        return NO_PAGE
    read = vmcs.reader(hw, cpu)
    return read(F.APIC_ACCESS_ADDR) if secondary_controls(read) & SEC_VIRTUALIZE_APIC_ACCESSES else NO_PAGE


def exit_of(offset: int, access: str) -> VmExit:
    """The VM exit of an access at `offset` of the page."""
    return VmExit(EXIT_REASON_APIC_ACCESS, offset & 0xFFF | ACCESS_TYPES[access] << 12)
