"""Every check on the guest-state area but the segments': a VMCS that fails it, and fails nothing before it."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.checking import GUEST_AREA, subject
from kvmdbg.machine.hw.checks import first_problem
from kvmdbg.machine.hw.controls import (
    BLOCKING_MOV_SS,
    BLOCKING_NMI,
    BLOCKING_SMI,
    BLOCKING_STI,
    CR0_NE,
    CR0_PE,
    CR0_PG,
    CR4_PAE,
    CR4_PCIDE,
    CR4_VMXE,
    EFER_LME,
    ENTRY_IA32E_MODE,
    ENTRY_LOAD_BNDCFGS,
    ENTRY_LOAD_DEBUG_CONTROLS,
    ENTRY_LOAD_IA32_EFER,
    ENTRY_LOAD_IA32_PAT,
    ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL,
    PIN_NMI_EXITING,
    PIN_VIRTUAL_NMIS,
    RFLAGS_IF,
    RFLAGS_VM,
    SEC_ENABLE_EPT,
    SEC_SHADOW_VMCS,
    SEC_UNRESTRICTED_GUEST,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.guest_checks import GUEST_CHECKS
from kvmdbg.machine.hw.guest_state import PDPTES
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.segment_checks import CODE_AND_DATA, CS, SEGMENT_CHECKS, SS
from kvmdbg.machine.hw.state import Cpu, Hardware
from kvmdbg.machine.hw.vmcs import VMCS_REVISION
from vmx import CR0, GOOD, LONG_EFER, OTHER_REGION, REGION, reader, says_everything, with_vmcs

ENTRY = GOOD[F.VM_ENTRY_CONTROLS]
INFO = F.VM_ENTRY_INTR_INFO_FIELD
BLOCKING = F.GUEST_INTERRUPTIBILITY_INFO
INTERRUPT = 0x8000_0020
NMI = 0x8000_0202
NOT_CANONICAL = 0x8000_0000_0000
UNRESTRICTED = {F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_EPT | SEC_UNRESTRICTED_GUEST}
V8086 = {**{segment.base: 0x100 for segment in CODE_AND_DATA}, **{segment.limit: 0xFFFF for segment in CODE_AND_DATA},
         **{segment.ar: 0xF3 for segment in CODE_AND_DATA}}
PAE_GUEST = {F.VM_ENTRY_CONTROLS: ENTRY & ~(ENTRY_IA32E_MODE | ENTRY_LOAD_IA32_EFER), F.GUEST_CR3: 0x9000}
BAD_PDPTES = 0x8000                       # where PDPTEs lie that cannot be loaded
IF = {F.GUEST_RFLAGS: 2 | RFLAGS_IF}

BAD: dict[str, dict[int, int]] = {
    "guest CR0 has the fixed bits": {F.GUEST_CR0: CR0 & ~CR0_PG},
    "guest CR4 has the fixed bits": {F.GUEST_CR4: CR4_PAE},
    "guest DEBUGCTL has no reserved bit": {F.VM_ENTRY_CONTROLS: ENTRY | ENTRY_LOAD_DEBUG_CONTROLS, F.GUEST_IA32_DEBUGCTL: 4},
    "an IA-32e guest has CR0.PG": {**UNRESTRICTED, F.GUEST_CR0: CR0 & ~CR0_PG},
    "an IA-32e guest has CR4.PAE": {F.GUEST_CR4: CR4_VMXE},
    "PCIDE is for IA-32e guests": {F.VM_ENTRY_CONTROLS: ENTRY & ~ENTRY_IA32E_MODE,
                                   F.GUEST_CR4: CR4_PAE | CR4_VMXE | CR4_PCIDE},
    "guest CR3 fits the physical-address width": {F.GUEST_CR3: 1 << 63},
    "guest DR7 has 32 bits": {F.VM_ENTRY_CONTROLS: ENTRY | ENTRY_LOAD_DEBUG_CONTROLS, F.GUEST_DR7: 1 << 32},
    "guest SYSENTER_ESP is canonical": {F.GUEST_SYSENTER_ESP: NOT_CANONICAL},
    "guest SYSENTER_EIP is canonical": {F.GUEST_SYSENTER_EIP: NOT_CANONICAL},
    "guest PERF_GLOBAL_CTRL has no reserved bit": {F.VM_ENTRY_CONTROLS: ENTRY | ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL,
                                                   F.GUEST_IA32_PERF_GLOBAL_CTRL: 1 << 63},
    "guest PAT holds memory types": {F.VM_ENTRY_CONTROLS: ENTRY | ENTRY_LOAD_IA32_PAT, F.GUEST_IA32_PAT: 3},
    "guest EFER fits the guest's mode": {F.GUEST_IA32_EFER: LONG_EFER & ~EFER_LME},
    "guest BNDCFGS is well formed": {F.VM_ENTRY_CONTROLS: ENTRY | ENTRY_LOAD_BNDCFGS, F.GUEST_BNDCFGS: 4},
    "guest GDTR base is canonical": {F.GUEST_GDTR_BASE: NOT_CANONICAL},
    "guest IDTR base is canonical": {F.GUEST_IDTR_BASE: NOT_CANONICAL},
    "guest GDTR limit has 16 bits": {F.GUEST_GDTR_LIMIT: 0x1_0000},
    "guest IDTR limit has 16 bits": {F.GUEST_IDTR_LIMIT: 0x1_0000},
    "guest RIP fits the guest's mode": {F.GUEST_RIP: NOT_CANONICAL},
    "guest RFLAGS has its reserved bits right": {F.GUEST_RFLAGS: 0},
    "guest RFLAGS.VM fits the guest's mode": {**V8086, F.GUEST_RFLAGS: 2 | RFLAGS_VM},
    "an injected interrupt finds interrupts enabled": {INFO: INTERRUPT},
    "the activity state is offered": {F.GUEST_ACTIVITY_STATE: 3},
    "HLT is for privilege level 0": {F.GUEST_ACTIVITY_STATE: 1, SS.ar: 0xC0F3, SS.selector: 0x13, CS.ar: 0xA0FB,
                                     CS.selector: 0x13},
    "blocked events need the active state": {**IF, F.GUEST_ACTIVITY_STATE: 1, BLOCKING: BLOCKING_STI},
    "the injected event may wake a halted guest": {F.GUEST_ACTIVITY_STATE: 1, INFO: 0x8000_0306},
    "the interruptibility state has no reserved bit": {BLOCKING: BLOCKING_SMI},
    "STI and MOV SS do not block at once": {**IF, BLOCKING: BLOCKING_STI | BLOCKING_MOV_SS},
    "blocking by STI needs RFLAGS.IF": {BLOCKING: BLOCKING_STI},
    "an injected interrupt is not blocked": {**IF, INFO: INTERRUPT, BLOCKING: BLOCKING_MOV_SS},
    "an injected NMI is not blocked by STI or MOV SS": {INFO: NMI, BLOCKING: BLOCKING_MOV_SS},
    "an injected NMI is not blocked by a virtual NMI": {INFO: NMI, BLOCKING: BLOCKING_NMI,
                                                        F.PIN_BASED_VM_EXEC_CONTROL: PIN_NMI_EXITING | PIN_VIRTUAL_NMIS},
    "pending debug exceptions have no reserved bit": {F.GUEST_PENDING_DBG_EXCEPTIONS: 1 << 13},
    "the VMCS link pointer is a page": {F.VMCS_LINK_POINTER: 0x5001},
    "the VMCS link pointer names a VMCS": {F.VMCS_LINK_POINTER: 0x9000},
    "the VMCS link pointer is not the current VMCS": {F.VMCS_LINK_POINTER: REGION},
    **{f"guest PDPTE{i} has no reserved bit": {**PAE_GUEST, field: 3} for i, field in enumerate(PDPTES)},
    "the PDPTEs in memory have no reserved bit": {**PAE_GUEST, F.SECONDARY_VM_EXEC_CONTROL: 0, F.GUEST_CR3: BAD_PDPTES},
}
QUALIFICATIONS = {"an injected NMI is not blocked by STI or MOV SS": 3, "the VMCS link pointer is a page": 4,
                  "the VMCS link pointer names a VMCS": 4, "the VMCS link pointer is not the current VMCS": 4,
                  **{f"guest PDPTE{i} has no reserved bit": 2 for i in range(4)}, "the PDPTEs in memory have no reserved bit": 2}

FINE: dict[str, dict[int, int]] = {
    "unrestricted guest in real-address mode": {**UNRESTRICTED, F.GUEST_CR0: CR0_NE, F.VM_ENTRY_CONTROLS: 0},
    "fields that are not loaded": {F.GUEST_IA32_PAT: 3, F.GUEST_BNDCFGS: 4, F.GUEST_IA32_DEBUGCTL: 4},
    "interrupt into a halted guest": {**IF, F.GUEST_ACTIVITY_STATE: 1, INFO: INTERRUPT},
    "PDPTEs that are not present": {**PAE_GUEST, F.GUEST_PDPTR2: 0xFFFF_FFFF_FFFF_FFFE},
    "PDPTEs in the VMCS while CR3 names others": {**PAE_GUEST, F.GUEST_CR3: BAD_PDPTES},
    "PDPTEs of a guest with four levels": {F.GUEST_PDPTR0: 3},
    "a linked VMCS": {F.VMCS_LINK_POINTER: OTHER_REGION},
    "NMI with blocking by NMI but without virtual NMIs": {INFO: NMI, BLOCKING: BLOCKING_NMI},
}


def given(changes: dict[int, int]) -> tuple[Hardware, Cpu]:
    hw, cpu = with_vmcs(changes)
    write64(hw, BAD_PDPTES, 3)
    return hw, cpu


@pytest.mark.parametrize("name", BAD)
def test_a_check_is_the_first_to_fail(name: str) -> None:
    hw, cpu = given(BAD[name])
    problem = first_problem(subject(hw, cpu, reader(hw, cpu)), GUEST_AREA)
    assert problem is not None
    assert (problem.check, problem.qualification) == (name, QUALIFICATIONS.get(name, 0))
    assert says_everything(problem, next(check for check in GUEST_CHECKS if check.name == name), reader(hw, cpu))


@pytest.mark.parametrize("name", FINE)
def test_what_is_allowed_passes(name: str) -> None:
    hw, cpu = given(FINE[name])
    assert first_problem(subject(hw, cpu, reader(hw, cpu)), GUEST_AREA) is None


def test_every_check_has_a_row() -> None:
    assert set(BAD) == {check.name for check in GUEST_CHECKS} - {check.name for check in SEGMENT_CHECKS}


def test_paging_needs_protection_even_in_an_unrestricted_guest() -> None:
    hw, cpu = with_vmcs({**UNRESTRICTED, F.GUEST_CR0: CR0 & ~CR0_PE})
    problem = first_problem(subject(hw, cpu, reader(hw, cpu)), GUEST_AREA)
    assert problem is not None
    assert problem.text == "GUEST_CR0 = 0x80010030: must not set PG without PE (SDM Vol. 3C 26.3.1.1)"


@pytest.mark.parametrize(("control", "indicator", "fits"), [(0, 0, True), (0, 1 << 31, False), (SEC_SHADOW_VMCS, 0, False),
                                                            (SEC_SHADOW_VMCS, 1 << 31, True)])
def test_a_linked_vmcs_is_a_shadow_vmcs_exactly_with_vmcs_shadowing(control: int, indicator: int, fits: bool) -> None:
    hw, cpu = given({F.VMCS_LINK_POINTER: OTHER_REGION, F.SECONDARY_VM_EXEC_CONTROL: control})
    write64(hw, OTHER_REGION, VMCS_REVISION | indicator)
    problem = first_problem(subject(hw, cpu, reader(hw, cpu)), GUEST_AREA)
    assert (problem is None) is fits
    assert problem is None or (problem.check, problem.qualification) == ("the VMCS link pointer names a VMCS", 4)
