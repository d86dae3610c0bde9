"""What each operation invalidates: section "invalidation" of the manuals, and not one entry more (SDM Vol. 3A 4.10.4.1,
Vol. 3C 29.4.3.1).

Three laws hold for all of them. Operations that know nothing of VMX (MOV CR, INVLPG, INVPCID, #PF) act on linear and on
combined mappings of the current VPID, for combined ones under every EP4TA, whether or not EPT is in use now. They never
touch guest-physical mappings. And a processor *may* drop more at any time, but this one does not: what software forgot to
flush stays to be seen.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.controls import CR0_PG, CR4_PAE, CR4_PCIDE, CR4_PGE, CR4_SMEP
from kvmdbg.machine.hw.ept import ep4ta as ep4ta_of
from kvmdbg.machine.hw.ept import eptp_valid
from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.paging import canonical
from kvmdbg.machine.hw.state import Cpu, Hardware
from kvmdbg.machine.hw.tlb import ALL_GLOBALS, NO_GLOBALS, NONZERO_VPID, OWN_GLOBALS, current_ep4ta, current_pcid, remove, select
from kvmdbg.machine.hw.tlbkey import COMBINED, GUEST_PHYSICAL, LINEAR, TlbKey

BY_VPID: Final = (LINEAR, COMBINED)
BY_EPT: Final = (GUEST_PHYSICAL, COMBINED)

INDIVIDUAL_ADDRESS: Final = 0
SINGLE_CONTEXT: Final = 1
ALL_CONTEXT: Final = 2
RETAINING_GLOBALS: Final = 3
INVVPID_TYPES: Final = {
    INDIVIDUAL_ADDRESS: "individual-address",
    SINGLE_CONTEXT: "single-context",
    ALL_CONTEXT: "all-context",
    RETAINING_GLOBALS: "single-context-retaining-globals",
}
INVEPT_TYPES: Final = {SINGLE_CONTEXT: "single-context", ALL_CONTEXT: "all-context"}
INVPCID_TYPES: Final = {0: "individual-address", 1: "single-context", 2: "all-context-including-globals", 3: "all-context"}

SUCCESS: Final = 0
INVALID_OPERAND: Final = 28               # VM-instruction error: invalid operand to INVEPT/INVVPID


# -- control registers --------------------------------------------------------------------------------------------------

def mov_cr3(hw: Hardware, cpu: Cpu, source: int) -> None:
    """MOV CR3: non-global mappings of the PCID that `source` names; nothing when CR4.PCIDE = 1 and bit 63 is set.

    source: the 64-bit operand, bit 63 included. Only the invalidation: the caller writes CR3.
    """
    pcid = 0
    if cpu.cr4 & CR4_PCIDE:
        if source >> 63 & 1:
            return
        pcid = source & 0xFFF
    keys = select(hw, cpu, kinds=BY_VPID, vpid=cpu.vpid, pcid=pcid, globals_=NO_GLOBALS)
    remove(hw, cpu, by="mov cr3", vpid=cpu.vpid, pcid=pcid, keys=keys)


def mov_cr4(hw: Hardware, cpu: Cpu, old: int, new: int) -> None:
    """MOV CR4: all PCIDs when PGE changes or PCIDE goes to 0; the current one when PAE changes or SMEP goes to 1.

    A global mapping cached under another PCID outlives a change of PAE or SMEP: the manual names the current PCID only.
    old, new: the register before and after; the current PCID is that of `old`, whichever of them cpu.cr4 holds now.
    """
    changed = old ^ new
    if changed & CR4_PGE or old & ~new & CR4_PCIDE:
        _drop_current_vpid(hw, cpu, "mov cr4")
    elif changed & CR4_PAE or new & ~old & CR4_SMEP:
        pcid = cpu.cr3 & 0xFFF if old & CR4_PCIDE else 0
        keys = select(hw, cpu, kinds=BY_VPID, vpid=cpu.vpid, pcid=pcid, globals_=OWN_GLOBALS)
        remove(hw, cpu, by="mov cr4", vpid=cpu.vpid, pcid=pcid, keys=keys)


def mov_cr0(hw: Hardware, cpu: Cpu, old: int, new: int) -> None:
    """MOV CR0: all PCIDs, global mappings included, when PG goes to 0; else nothing."""
    if old & ~new & CR0_PG:
        _drop_current_vpid(hw, cpu, "mov cr0")


def _drop_current_vpid(hw: Hardware, cpu: Cpu, by: str, type: str = "") -> None:
    remove(hw, cpu, by=by, type=type, vpid=cpu.vpid, keys=select(hw, cpu, kinds=BY_VPID, vpid=cpu.vpid))


# -- INVLPG and INVPCID -------------------------------------------------------------------------------------------------

def invlpg(hw: Hardware, cpu: Cpu, la: int) -> None:
    """INVLPG: the page of `la` for the current PCID, global mappings of it whatever their PCID, every fragment of it.

    And all entries of the paging-structure caches for the current PCID, on the path to `la` or not.
    la: 64-bit linear address; not canonical -> no operation.
    """
    if canonical(la, hw.caps.linear_bits):
        keys = _linear_page(hw, cpu, la, any_table=True)
        remove(hw, cpu, by="invlpg", vpid=cpu.vpid, pcid=current_pcid(cpu), address=la, keys=keys)


def invpcid(hw: Hardware, cpu: Cpu, type: int, pcid: int, la: int) -> None:
    """INVPCID of a type 0..3 whose descriptor has been checked.

    pcid: used by types 0 and 1.    la: used by type 0.
    """
    name = INVPCID_TYPES[type]
    if type == INDIVIDUAL_ADDRESS:
        keys = select(hw, cpu, kinds=BY_VPID, vpid=cpu.vpid, pcid=pcid, address=la, globals_=NO_GLOBALS)
        remove(hw, cpu, by="invpcid", type=name, vpid=cpu.vpid, pcid=pcid, address=la, keys=keys)
    elif type == SINGLE_CONTEXT:
        keys = select(hw, cpu, kinds=BY_VPID, vpid=cpu.vpid, pcid=pcid, globals_=NO_GLOBALS)
        remove(hw, cpu, by="invpcid", type=name, vpid=cpu.vpid, pcid=pcid, keys=keys)
    elif type == ALL_CONTEXT:
        _drop_current_vpid(hw, cpu, "invpcid", name)
    else:
        keys = select(hw, cpu, kinds=BY_VPID, vpid=cpu.vpid, globals_=NO_GLOBALS)
        remove(hw, cpu, by="invpcid", type=name, vpid=cpu.vpid, keys=keys)


# -- faults -------------------------------------------------------------------------------------------------------------

def page_fault(hw: Hardware, cpu: Cpu, la: int) -> None:
    """A #PF on `la`: its page for the current PCID. Silent when nothing is cached, which is the ordinary case.

    A global mapping goes even if another PCID cached it. The manual names the current PCID only, but a translation that
    causes a fault and outlives it would fault for ever, where the manual promises one spurious fault at most.
    """
    keys = _linear_page(hw, cpu, la)
    if keys:
        remove(hw, cpu, by="#pf", vpid=cpu.vpid, pcid=current_pcid(cpu), address=la, keys=keys)


def ept_violation(hw: Hardware, cpu: Cpu, gpa: int, la: int | None) -> None:
    """An EPT violation at `gpa`: guest-physical mappings of it; also combined ones of `la`. Silent when nothing is cached.

    la: the linear address that `gpa` is the translation of; None for an access to a paging structure or without one.
    Global combined mappings go as for a #PF, for the same reason.
    """
    tag = current_ep4ta(cpu)
    keys = select(hw, cpu, kinds=(GUEST_PHYSICAL,), ep4ta=tag, address=gpa)
    if la is not None:
        combined = select(hw, cpu, kinds=(COMBINED,), vpid=cpu.vpid, pcid=current_pcid(cpu), ep4ta=tag, address=la)
        keys = tuple(sorted(keys + combined))
    if keys:
        remove(hw, cpu, by="ept violation", vpid=cpu.vpid, pcid=current_pcid(cpu), ep4ta=tag, address=gpa, keys=keys)


def _linear_page(hw: Hardware, cpu: Cpu, la: int, any_table: bool = False) -> tuple[TlbKey, ...]:
    return select(hw, cpu, kinds=BY_VPID, vpid=cpu.vpid, pcid=current_pcid(cpu), address=la, globals_=ALL_GLOBALS,
                  any_table=any_table)


# -- VMX ----------------------------------------------------------------------------------------------------------------

def vpid_transition(hw: Hardware, cpu: Cpu, by: str) -> None:
    """A VM entry or VM exit of a VMCS with "enable VPID" = 0: every linear and combined mapping of VPID 0000H.

    by: "vm entry" or "vm exit". Entries of other VPIDs stay, and so do guest-physical mappings. Not to be called with
    "enable VPID" = 1, when a transition invalidates nothing.
    """
    remove(hw, cpu, by=by, vpid=0, keys=select(hw, cpu, kinds=BY_VPID, vpid=0))


def eptp_switch(hw: Hardware, cpu: Cpu) -> None:
    """VMFUNC 0 of a VMCS with "enable VPID" = 0: combined mappings of VPID 0000H, all PCIDs and EP4TAs; not linear ones."""
    remove(hw, cpu, by="vmfunc", vpid=0, keys=select(hw, cpu, kinds=(COMBINED,), vpid=0))


def invvpid(hw: Hardware, cpu: Cpu, type: int, vpid: int, la: int) -> int:
    """INVVPID as software in VMX root operation executes it, after the checks common to VMX instructions.

    type: the register operand, 64 bits.    vpid: bits 63:0 of the descriptor.    la: its bits 127:64.
    Returns SUCCESS or INVALID_OPERAND, the error of VMfail.    raises: GuestFault(#UD) without VPIDs or INVVPID.
    """
    if not hw.caps.vpid or not hw.caps.invvpid_types:
        raise GuestFault("#UD")
    if type not in hw.caps.invvpid_types or vpid >> 16:
        return INVALID_OPERAND
    if type != ALL_CONTEXT and vpid == 0:
        return INVALID_OPERAND
    if type == INDIVIDUAL_ADDRESS and not canonical(la, hw.caps.linear_bits):
        return INVALID_OPERAND
    invvpid_effect(hw, cpu, type, vpid, la)
    return SUCCESS


def invvpid_effect(hw: Hardware, cpu: Cpu, type: int, vpid: int, la: int) -> None:
    """What a successful INVVPID of a type 0..3 removes: linear and combined mappings, all PCIDs, all EP4TA."""
    name = INVVPID_TYPES[type]
    if type == INDIVIDUAL_ADDRESS:
        keys = select(hw, cpu, kinds=BY_VPID, vpid=vpid, address=la)
        remove(hw, cpu, by="invvpid", type=name, vpid=vpid, address=la, keys=keys)
    elif type == ALL_CONTEXT:
        remove(hw, cpu, by="invvpid", type=name, keys=select(hw, cpu, kinds=BY_VPID, vpid=NONZERO_VPID))
    else:
        kept = NO_GLOBALS if type == RETAINING_GLOBALS else ALL_GLOBALS
        remove(hw, cpu, by="invvpid", type=name, vpid=vpid, keys=select(hw, cpu, kinds=BY_VPID, vpid=vpid, globals_=kept))


def invept(hw: Hardware, cpu: Cpu, type: int, eptp: int) -> int:
    """INVEPT as software in VMX root operation executes it, after the checks common to VMX instructions.

    type: the register operand, 64 bits.    eptp: bits 63:0 of the descriptor; its reserved bits 127:64 are not looked at.
    Returns SUCCESS or INVALID_OPERAND, the error of VMfail.    raises: GuestFault(#UD) without EPT or INVEPT.
    """
    if not hw.caps.ept or not hw.caps.invept_types:
        raise GuestFault("#UD")
    if type not in hw.caps.invept_types:
        return INVALID_OPERAND
    if type == SINGLE_CONTEXT and eptp_valid(eptp, hw.caps):
        return INVALID_OPERAND
    invept_effect(hw, cpu, type, ep4ta_of(eptp))
    return SUCCESS


def invept_effect(hw: Hardware, cpu: Cpu, type: int, ep4ta: int) -> None:
    """What a successful INVEPT of type 1 or 2 removes: guest-physical and combined mappings, all VPIDs, all PCIDs."""
    name = INVEPT_TYPES[type]
    if type == SINGLE_CONTEXT:
        remove(hw, cpu, by="invept", type=name, ep4ta=ep4ta, keys=select(hw, cpu, kinds=BY_EPT, ep4ta=ep4ta))
    else:
        remove(hw, cpu, by="invept", type=name, keys=select(hw, cpu, kinds=BY_EPT))
