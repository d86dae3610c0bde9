"""VM-entry checks on the guest-state area, in the manual's order: VM exit 33 with bit 31 of the exit reason.

Left out: SMM, RTIT, CET, pending debug exceptions under TF.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.checking import (
    GUEST_AREA,
    Check,
    Subject,
    When,
    both,
    has,
    is_canonical,
    lacks,
    only,
    plain,
    with_caps,
)
from kvmdbg.machine.hw.control_checks import EVENT, event_type
from kvmdbg.machine.hw.control_registers import (
    CR0_FIXED1,
    cr0_problem,
    cr4_problem,
    efer_problem,
    page_address_problem,
    pat_problem,
    wide_problem,
)
from kvmdbg.machine.hw.controls import (
    ACTIVITY_HLT,
    ACTIVITY_WAIT_SIPI,
    AR_L,
    BLOCKING_MOV_SS,
    BLOCKING_NMI,
    BLOCKING_STI,
    CR0_NW,
    CR0_PE,
    CR0_PG,
    CR4_PAE,
    CR4_PCIDE,
    DEBUGCTL_OFFERED,
    EFER_LMA,
    EFER_LME,
    ENTRY_IA32E_MODE,
    ENTRY_LOAD_BNDCFGS,
    ENTRY_LOAD_DEBUG_CONTROLS,
    ENTRY_LOAD_IA32_EFER,
    ENTRY_LOAD_IA32_PAT,
    ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL,
    INTR_TYPE_EXTERNAL,
    INTR_TYPE_NMI,
    PERF_GLOBAL_OFFERED,
    PIN_VIRTUAL_NMIS,
    RFLAGS_IF,
    RFLAGS_RESERVED0,
    RFLAGS_RESERVED1,
    RFLAGS_VM,
    SEC_ENABLE_EPT,
    SEC_SHADOW_VMCS,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.guest_state import PDPTES as PDPTE_FIELDS
from kvmdbg.machine.hw.guest_state import pdptes, uses_pae
from kvmdbg.machine.hw.memory_operands import revision
from kvmdbg.machine.hw.paging import pdpte_problem, pdptes_problem
from kvmdbg.machine.hw.segment_checks import SEGMENT_CHECKS, ia32e, restricted
from kvmdbg.machine.hw.vmcs import SHADOW_INDICATOR, VMCS_REVISION

REGISTERS: Final = "SDM Vol. 3C 26.3.1.1"
TABLES: Final = "SDM Vol. 3C 26.3.1.3"
RIP: Final = "SDM Vol. 3C 26.3.1.4"
NON_REGISTER: Final = "SDM Vol. 3C 26.3.1.5"
PDPTES: Final = "SDM Vol. 3C 26.3.1.6"
NO_LINK: Final = 0xFFFF_FFFF_FFFF_FFFF
QUALIFICATION_PDPTE: Final = 2
QUALIFICATION_NMI: Final = 3
QUALIFICATION_LINK_POINTER: Final = 4


# -- control registers and MSRs ----------------------------------------------------------------------------------------

def fixed_cr0(value: int, s: Subject) -> str:
    """NW and CD are not loaded and not checked; an unrestricted guest is free to clear PE and PG."""
    return cr0_problem(value & ~CR0_NW, CR0_FIXED1 if restricted(s) else CR0_FIXED1 & ~(CR0_PE | CR0_PG))


def fixed_cr4(value: int, s: Subject) -> str:
    return cr4_problem(value, s.caps, s.caps.cr4_fixed0)


def paging_for_ia32e(value: int, _: Subject) -> str:
    return "" if value & CR0_PG else "set PG for an IA-32e guest"


def pae_for_ia32e(value: int, _: Subject) -> str:
    return "" if value & CR4_PAE else "set PAE for an IA-32e guest"


def no_pcide(value: int, _: Subject) -> str:
    return "not set PCIDE outside IA-32e mode" if value & CR4_PCIDE else ""


def efer_of_guest(value: int, s: Subject) -> str:
    problem = efer_problem(value)
    if problem:
        return problem
    if bool(value & EFER_LMA) != ia32e(s):
        return f"have LMA = {int(ia32e(s))}, as IA32E_MODE of VM_ENTRY_CONTROLS"
    if s.read(F.GUEST_CR0) & CR0_PG and bool(value & EFER_LME) != bool(value & EFER_LMA):
        return "have LME equal to LMA while CR0.PG is 1"
    return ""


def bndcfgs(value: int, s: Subject) -> str:
    return "have bits 11:2 = 0" if value & 0xFFC else is_canonical(value & ~0xFFF, s)


# -- RIP and RFLAGS -----------------------------------------------------------------------------------------------------

def rip_of_mode(value: int, s: Subject) -> str:
    if ia32e(s) and s.read(F.GUEST_CS_AR_BYTES) & AR_L:
        return is_canonical(value, s)
    return "have bits 63:32 = 0 outside 64-bit mode" if value >> 32 else ""


def reserved_flags(value: int, _: Subject) -> str:
    if value & RFLAGS_RESERVED0:
        return f"not set the reserved bits {value & RFLAGS_RESERVED0:#x}"
    return "" if value & RFLAGS_RESERVED1 else "set bit 1"


def no_virtual_8086(value: int, s: Subject) -> str:
    if value & RFLAGS_VM and (ia32e(s) or not s.read(F.GUEST_CR0) & CR0_PE):
        return "not set VM in IA-32e mode or with CR0.PE = 0"
    return ""


def interrupts_enabled(value: int, _: Subject) -> str:
    return "" if value & RFLAGS_IF else "set IF while an external interrupt is injected"


# -- activity, interruptibility, pending debug exceptions ---------------------------------------------------------------

def offered_activity(value: int, s: Subject) -> str:
    if value <= ACTIVITY_HLT or value == ACTIVITY_WAIT_SIPI and s.caps.wait_for_sipi:
        return ""
    offered = "0 (active), 1 (HLT) or 3 (wait-for-SIPI)" if s.caps.wait_for_sipi else "0 (active) or 1 (HLT)"
    return f"be {offered}, the states that this processor offers"


def hlt_at_cpl0(value: int, s: Subject) -> str:
    return "be 0 while the DPL of SS is not 0" if value == ACTIVITY_HLT and s.read(F.GUEST_SS_AR_BYTES) >> 5 & 3 else ""


def active_when_blocked(value: int, _: Subject) -> str:
    return "be 0 while STI or MOV SS blocks events" if value else ""


def wakes_from_hlt(info: int, s: Subject) -> str:
    """What may be injected into a halted guest: interrupt, NMI, #DB, #MC, MTF."""
    if s.read(F.GUEST_ACTIVITY_STATE) == ACTIVITY_WAIT_SIPI:
        return "not be valid while GUEST_ACTIVITY_STATE is wait-for-SIPI"
    if s.read(F.GUEST_ACTIVITY_STATE) != ACTIVITY_HLT:
        return ""
    kind, vector = event_type(info), info & 0xFF
    allowed = kind in (INTR_TYPE_EXTERNAL, INTR_TYPE_NMI) or (kind, vector) in ((3, 1), (3, 18), (7, 0))
    return "" if allowed else "be an interrupt, an NMI, #DB, #MC or MTF while GUEST_ACTIVITY_STATE is HLT"


def not_both(value: int, _: Subject) -> str:
    blocked = BLOCKING_STI | BLOCKING_MOV_SS
    return "not set blocking by STI and by MOV SS at once" if value & blocked == blocked else ""


def sti_needs_if(value: int, _: Subject) -> str:
    return "not set blocking by STI while RFLAGS.IF is 0" if value & BLOCKING_STI else ""


def unblocked(bits: int) -> When:
    """An NMI or interrupt is injected; `bits` of the interruptibility state must then be 0 (see `no_blocking`)."""
    return both(EVENT, has(F.GUEST_INTERRUPTIBILITY_INFO, bits))


def no_blocking(value: int, _: Subject) -> str:
    return "not block the event that is injected"


def injects(kind: int) -> When:
    """An event of this interruption type is injected."""
    return lambda s: EVENT(s) and event_type(s.read(F.VM_ENTRY_INTR_INFO_FIELD)) == kind


EXTERNAL: Final = injects(INTR_TYPE_EXTERNAL)
NMI: Final = injects(INTR_TYPE_NMI)


# -- VMCS link pointer --------------------------------------------------------------------------------------------------

def linked(s: Subject) -> bool:
    return s.read(F.VMCS_LINK_POINTER) != NO_LINK


def revision_of_link(value: int, s: Subject) -> str:
    """The region's first 32 bits: revision identifier, and bit 31 (shadow VMCS) as the control "VMCS shadowing" is."""
    found = revision(s.hw, value)
    wanted = VMCS_REVISION | (SHADOW_INDICATOR if s.secondary & SEC_SHADOW_VMCS else 0)
    return "" if found == wanted else f"name a region that begins with {wanted:#x}, not {found:#x}"


def not_current(value: int, s: Subject) -> str:
    return "not be the current VMCS" if value == s.cpu.current_vmcs else ""


# -- PDPTEs -------------------------------------------------------------------------------------------------------------

def pae_with_ept(s: Subject) -> bool:
    return uses_pae(s.read) and bool(s.secondary & SEC_ENABLE_EPT)


def pae_without_ept(s: Subject) -> bool:
    return uses_pae(s.read) and not s.secondary & SEC_ENABLE_EPT


def loadable_pdpte(value: int, s: Subject) -> str:
    return pdpte_problem(value, s.caps.maxphyaddr)


def loadable_pdptes(_: int, s: Subject) -> str:
    problem = pdptes_problem(pdptes(s.hw, s.read), s.caps.maxphyaddr)
    return f"name PDPTEs that do {problem}" if problem else ""


# -- the table ----------------------------------------------------------------------------------------------------------

G: Final = GUEST_AREA
ENTRY: Final = F.VM_ENTRY_CONTROLS
BLOCKING: Final = F.GUEST_INTERRUPTIBILITY_INFO
ACTIVITY: Final = F.GUEST_ACTIVITY_STATE
LINK: Final = F.VMCS_LINK_POINTER
IA32E: Final = has(ENTRY, ENTRY_IA32E_MODE)
NOT_IA32E: Final = lacks(ENTRY, ENTRY_IA32E_MODE)
LOAD_DEBUG: Final = has(ENTRY, ENTRY_LOAD_DEBUG_CONTROLS)

GUEST_CHECKS: Final[tuple[Check, ...]] = (
    Check("guest CR0 has the fixed bits", G, REGISTERS, F.GUEST_CR0, fixed_cr0),
    Check("guest CR4 has the fixed bits", G, REGISTERS, F.GUEST_CR4, fixed_cr4),
    Check("guest DEBUGCTL has no reserved bit", G, REGISTERS, F.GUEST_IA32_DEBUGCTL, only(DEBUGCTL_OFFERED), LOAD_DEBUG),
    Check("an IA-32e guest has CR0.PG", G, REGISTERS, F.GUEST_CR0, paging_for_ia32e, IA32E),
    Check("an IA-32e guest has CR4.PAE", G, REGISTERS, F.GUEST_CR4, pae_for_ia32e, IA32E),
    Check("PCIDE is for IA-32e guests", G, REGISTERS, F.GUEST_CR4, no_pcide, NOT_IA32E),
    Check("guest CR3 fits the physical-address width", G, REGISTERS, F.GUEST_CR3, with_caps(wide_problem)),
    Check("guest DR7 has 32 bits", G, REGISTERS, F.GUEST_DR7, only(0xFFFF_FFFF), LOAD_DEBUG),
    Check("guest SYSENTER_ESP is canonical", G, REGISTERS, F.GUEST_SYSENTER_ESP, is_canonical),
    Check("guest SYSENTER_EIP is canonical", G, REGISTERS, F.GUEST_SYSENTER_EIP, is_canonical),
    Check("guest PERF_GLOBAL_CTRL has no reserved bit", G, REGISTERS, F.GUEST_IA32_PERF_GLOBAL_CTRL, only(PERF_GLOBAL_OFFERED),
          has(ENTRY, ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL)),
    Check("guest PAT holds memory types", G, REGISTERS, F.GUEST_IA32_PAT, plain(pat_problem), has(ENTRY, ENTRY_LOAD_IA32_PAT)),
    Check("guest EFER fits the guest's mode", G, REGISTERS, F.GUEST_IA32_EFER, efer_of_guest, has(ENTRY, ENTRY_LOAD_IA32_EFER)),
    Check("guest BNDCFGS is well formed", G, REGISTERS, F.GUEST_BNDCFGS, bndcfgs, has(ENTRY, ENTRY_LOAD_BNDCFGS)),

    *SEGMENT_CHECKS,

    Check("guest GDTR base is canonical", G, TABLES, F.GUEST_GDTR_BASE, is_canonical),
    Check("guest IDTR base is canonical", G, TABLES, F.GUEST_IDTR_BASE, is_canonical),
    Check("guest GDTR limit has 16 bits", G, TABLES, F.GUEST_GDTR_LIMIT, only(0xFFFF)),
    Check("guest IDTR limit has 16 bits", G, TABLES, F.GUEST_IDTR_LIMIT, only(0xFFFF)),

    Check("guest RIP fits the guest's mode", G, RIP, F.GUEST_RIP, rip_of_mode),
    Check("guest RFLAGS has its reserved bits right", G, RIP, F.GUEST_RFLAGS, reserved_flags),
    Check("guest RFLAGS.VM fits the guest's mode", G, RIP, F.GUEST_RFLAGS, no_virtual_8086),
    Check("an injected interrupt finds interrupts enabled", G, RIP, F.GUEST_RFLAGS, interrupts_enabled, EXTERNAL),

    Check("the activity state is offered", G, NON_REGISTER, ACTIVITY, offered_activity),
    Check("HLT is for privilege level 0", G, NON_REGISTER, ACTIVITY, hlt_at_cpl0),
    Check("blocked events need the active state", G, NON_REGISTER, ACTIVITY, active_when_blocked,
          has(BLOCKING, BLOCKING_STI | BLOCKING_MOV_SS)),
    Check("the injected event may wake a halted guest", G, NON_REGISTER, F.VM_ENTRY_INTR_INFO_FIELD, wakes_from_hlt, EVENT),
    Check("the interruptibility state has no reserved bit", G, NON_REGISTER, BLOCKING,
          only(BLOCKING_STI | BLOCKING_MOV_SS | BLOCKING_NMI)),
    Check("STI and MOV SS do not block at once", G, NON_REGISTER, BLOCKING, not_both),
    Check("blocking by STI needs RFLAGS.IF", G, NON_REGISTER, BLOCKING, sti_needs_if, lacks(F.GUEST_RFLAGS, RFLAGS_IF)),
    Check("an injected interrupt is not blocked", G, NON_REGISTER, BLOCKING, no_blocking,
          both(EXTERNAL, unblocked(BLOCKING_STI | BLOCKING_MOV_SS))),
    Check("an injected NMI is not blocked by STI or MOV SS", G, NON_REGISTER, BLOCKING, no_blocking,
          both(NMI, unblocked(BLOCKING_STI | BLOCKING_MOV_SS)), QUALIFICATION_NMI),
    Check("an injected NMI is not blocked by a virtual NMI", G, NON_REGISTER, BLOCKING, no_blocking,
          both(both(NMI, unblocked(BLOCKING_NMI)), has(F.PIN_BASED_VM_EXEC_CONTROL, PIN_VIRTUAL_NMIS))),
    Check("pending debug exceptions have no reserved bit", G, NON_REGISTER, F.GUEST_PENDING_DBG_EXCEPTIONS, only(0x1_500F)),

    Check("the VMCS link pointer is a page", G, NON_REGISTER, LINK, with_caps(page_address_problem), linked,
          QUALIFICATION_LINK_POINTER),
    Check("the VMCS link pointer names a VMCS", G, NON_REGISTER, LINK, revision_of_link, linked, QUALIFICATION_LINK_POINTER),
    Check("the VMCS link pointer is not the current VMCS", G, NON_REGISTER, LINK, not_current, linked,
          QUALIFICATION_LINK_POINTER),

    *(Check(f"guest PDPTE{i} has no reserved bit", G, PDPTES, field, loadable_pdpte, pae_with_ept, QUALIFICATION_PDPTE)
      for i, field in enumerate(PDPTE_FIELDS)),
    Check("the PDPTEs in memory have no reserved bit", G, PDPTES, F.GUEST_CR3, loadable_pdptes, pae_without_ept,
          QUALIFICATION_PDPTE),
)
