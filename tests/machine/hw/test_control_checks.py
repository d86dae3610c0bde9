"""Every check on the control fields: a VMCS that fails it, and fails nothing before it."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.checking import CONTROL_AREA, subject
from kvmdbg.machine.hw.checks import first_problem
from kvmdbg.machine.hw.control_checks import CONTROL_CHECKS
from kvmdbg.machine.hw.controls import (
    CPU_NMI_WINDOW_EXITING,
    CPU_SECONDARY_CONTROLS,
    CPU_TERTIARY_CONTROLS,
    CPU_TPR_SHADOW,
    CPU_USE_IO_BITMAPS,
    CPU_USE_MSR_BITMAPS,
    ENTRY_SMM,
    EXIT_ACK_INTR_ON_EXIT,
    EXIT_LOAD_CET_STATE,
    EXIT_SAVE_PREEMPTION_TIMER,
    PIN_EXTERNAL_INTERRUPT_EXITING,
    PIN_NMI_EXITING,
    PIN_POSTED_INTERRUPTS,
    PIN_PREEMPTION_TIMER,
    PIN_VIRTUAL_NMIS,
    SEC_APIC_REGISTER_VIRT,
    SEC_ENABLE_EPT,
    SEC_ENABLE_PML,
    SEC_ENABLE_VMFUNC,
    SEC_ENABLE_VPID,
    SEC_MODE_BASED_EXECUTE,
    SEC_SHADOW_VMCS,
    SEC_SUB_PAGE_WRITE,
    SEC_UNRESTRICTED_GUEST,
    SEC_VIRTUAL_INTR_DELIVERY,
    SEC_VIRTUALIZE_APIC_ACCESSES,
    SEC_VIRTUALIZE_X2APIC_MODE,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.state import Caps
from vmx import GOOD, reader, says_everything, with_vmcs

PRIMARY = F.CPU_BASED_VM_EXEC_CONTROL
INFO = F.VM_ENTRY_INTR_INFO_FIELD
PAGE_FAULT = 0x8000_0B0E                 # hardware exception 14 with error code
OFFERS = Caps(virtual_interrupts=True, posted_interrupts=True, x2apic_mode=True, apic_registers=True,
              pml=True, mode_based_execute=True)
EXIT = GOOD[F.VM_EXIT_CONTROLS]
POSTED = {F.PIN_BASED_VM_EXEC_CONTROL: PIN_EXTERNAL_INTERRUPT_EXITING | PIN_POSTED_INTERRUPTS,
          PRIMARY: CPU_TPR_SHADOW | CPU_SECONDARY_CONTROLS, F.SECONDARY_VM_EXEC_CONTROL: SEC_VIRTUAL_INTR_DELIVERY,
          F.VM_EXIT_CONTROLS: EXIT | EXIT_ACK_INTR_ON_EXIT}

BAD: dict[str, dict[int, int]] = {
    "pin-based controls are offered": {F.PIN_BASED_VM_EXEC_CONTROL: 1 << 8},
    "primary controls are offered": {PRIMARY: CPU_TERTIARY_CONTROLS},
    "secondary controls are offered": {F.SECONDARY_VM_EXEC_CONTROL: SEC_SUB_PAGE_WRITE},
    "CR3-target count is not above what is offered": {F.CR3_TARGET_COUNT: 5},
    "I/O bitmap A is a page": {PRIMARY: CPU_USE_IO_BITMAPS, F.IO_BITMAP_A: 0x1001},
    "I/O bitmap B is a page": {PRIMARY: CPU_USE_IO_BITMAPS, F.IO_BITMAP_B: 1 << 46},
    "the MSR bitmaps are a page": {PRIMARY: CPU_USE_MSR_BITMAPS, F.MSR_BITMAP: 0x1800},
    "the virtual-APIC address is a page": {PRIMARY: CPU_TPR_SHADOW, F.VIRTUAL_APIC_PAGE_ADDR: 0x1008},
    "the TPR threshold has four bits": {PRIMARY: CPU_TPR_SHADOW, F.TPR_THRESHOLD: 0x10},
    "the TPR threshold is not above VTPR": {PRIMARY: CPU_TPR_SHADOW, F.TPR_THRESHOLD: 1},
    "the APIC-access address is a page": {F.SECONDARY_VM_EXEC_CONTROL: SEC_VIRTUALIZE_APIC_ACCESSES, F.APIC_ACCESS_ADDR: 8},
    "a virtualized APIC needs the TPR shadow": {F.SECONDARY_VM_EXEC_CONTROL: SEC_APIC_REGISTER_VIRT},
    "x2APIC mode and APIC accesses are not virtualized at once": {
        PRIMARY: CPU_TPR_SHADOW | CPU_SECONDARY_CONTROLS,
        F.SECONDARY_VM_EXEC_CONTROL: SEC_VIRTUALIZE_X2APIC_MODE | SEC_VIRTUALIZE_APIC_ACCESSES},
    "virtual-interrupt delivery needs external-interrupt exiting": {PRIMARY: CPU_TPR_SHADOW | CPU_SECONDARY_CONTROLS,
                                                                    F.SECONDARY_VM_EXEC_CONTROL: SEC_VIRTUAL_INTR_DELIVERY},
    "posted interrupts need virtual-interrupt delivery": {F.PIN_BASED_VM_EXEC_CONTROL: PIN_POSTED_INTERRUPTS},
    "posted interrupts need the acknowledgement on exit": {**POSTED, F.VM_EXIT_CONTROLS: EXIT},
    "the posted-interrupt vector has eight bits": {**POSTED, F.POSTED_INTR_NV: 0x100},
    "the posted-interrupt descriptor is in memory": {**POSTED, F.POSTED_INTR_DESC_ADDR: 0x20},
    "virtual NMIs need NMI exiting": {F.PIN_BASED_VM_EXEC_CONTROL: PIN_VIRTUAL_NMIS},
    "NMI-window exiting needs virtual NMIs": {PRIMARY: CPU_NMI_WINDOW_EXITING, F.PIN_BASED_VM_EXEC_CONTROL: PIN_NMI_EXITING},
    "the VPID is not 0 if VPIDs are enabled": {F.VIRTUAL_PROCESSOR_ID: 0},
    "the EPTP is valid if EPT is enabled": {F.EPT_POINTER: 0x7_0006},
    "PML needs EPT": {F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_PML},
    "the PML address is a page": {F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_PML | SEC_ENABLE_EPT, F.PML_ADDRESS: 0x800},
    "mode-based execute control needs EPT": {F.SECONDARY_VM_EXEC_CONTROL: SEC_MODE_BASED_EXECUTE},
    "an unrestricted guest needs EPT": {F.SECONDARY_VM_EXEC_CONTROL: SEC_UNRESTRICTED_GUEST},
    "VM functions are offered": {F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_EPT | SEC_ENABLE_VMFUNC, F.VM_FUNCTION_CONTROL: 2},
    "EPTP switching needs EPT": {F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_VMFUNC, F.VM_FUNCTION_CONTROL: 1},
    "the EPTP list is a page": {F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_EPT | SEC_ENABLE_VMFUNC, F.VM_FUNCTION_CONTROL: 1,
                                F.EPTP_LIST_ADDRESS: 0x1008},
    "the VMREAD bitmap is a page": {F.SECONDARY_VM_EXEC_CONTROL: SEC_SHADOW_VMCS, F.VMREAD_BITMAP: 0x1001},
    "the VMWRITE bitmap is a page": {F.SECONDARY_VM_EXEC_CONTROL: SEC_SHADOW_VMCS, F.VMWRITE_BITMAP: 1 << 46},
    "VM-exit controls are offered": {F.VM_EXIT_CONTROLS: EXIT | EXIT_LOAD_CET_STATE},
    "saving the preemption timer needs the timer": {F.VM_EXIT_CONTROLS: EXIT | EXIT_SAVE_PREEMPTION_TIMER},
    "the VM-exit MSR-store area is in memory": {F.VM_EXIT_MSR_STORE_COUNT: 1, F.VM_EXIT_MSR_STORE_ADDR: 8},
    "the VM-exit MSR-load area is in memory": {F.VM_EXIT_MSR_LOAD_COUNT: 2, F.VM_EXIT_MSR_LOAD_ADDR: (1 << 46) - 16},
    "VM-entry controls are offered": {F.VM_ENTRY_CONTROLS: ENTRY_SMM},
    "the injected event's type is not reserved": {INFO: 0x8000_0120},
    "the injected event's vector fits its type": {INFO: 0x8000_0203},
    "the injected event delivers an error code where the exception has one": {INFO: PAGE_FAULT & ~0x800},
    "the injected event's reserved bits are 0": {INFO: PAGE_FAULT | 1 << 12},
    "the injected error code has 16 bits": {INFO: PAGE_FAULT, F.VM_ENTRY_EXCEPTION_ERROR_CODE: 0x1_0000},
    "an injected software event has an instruction length": {INFO: 0x8000_0480},
    "the VM-entry MSR-load area is in memory": {F.VM_ENTRY_MSR_LOAD_COUNT: 1, F.VM_ENTRY_MSR_LOAD_ADDR: 1},
}

FINE: dict[str, dict[int, int]] = {
    "default1 bits": {F.PIN_BASED_VM_EXEC_CONTROL: 0x16, PRIMARY: 0x0401_E172 | CPU_SECONDARY_CONTROLS},
    "secondary controls are not looked at while inactive": {PRIMARY: 0, F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_PML},
    "no VPID without the control": {F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_EPT, F.VIRTUAL_PROCESSOR_ID: 0},
    "any EPTP without the control": {F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_VPID, F.EPT_POINTER: 0},
    "any TPR threshold with APIC accesses virtualized": {
        PRIMARY: CPU_TPR_SHADOW | CPU_SECONDARY_CONTROLS, F.SECONDARY_VM_EXEC_CONTROL: SEC_VIRTUALIZE_APIC_ACCESSES,
        F.TPR_THRESHOLD: 1},
    "any TPR threshold with virtual-interrupt delivery": {
        PRIMARY: CPU_TPR_SHADOW | CPU_SECONDARY_CONTROLS, F.SECONDARY_VM_EXEC_CONTROL: SEC_VIRTUAL_INTR_DELIVERY,
        F.PIN_BASED_VM_EXEC_CONTROL: PIN_EXTERNAL_INTERRUPT_EXITING, F.TPR_THRESHOLD: 0x11},
    "misaligned bitmaps that are not used": {F.IO_BITMAP_A: 1, F.IO_BITMAP_B: 1, F.MSR_BITMAP: 1, F.VMREAD_BITMAP: 1},
    "virtual NMIs": {PRIMARY: CPU_NMI_WINDOW_EXITING, F.PIN_BASED_VM_EXEC_CONTROL: PIN_NMI_EXITING | PIN_VIRTUAL_NMIS},
    "preemption timer saved": {F.VM_EXIT_CONTROLS: EXIT | EXIT_SAVE_PREEMPTION_TIMER,
                               F.PIN_BASED_VM_EXEC_CONTROL: PIN_PREEMPTION_TIMER},
    "VM functions that are not enabled": {F.VM_FUNCTION_CONTROL: 3, F.EPTP_LIST_ADDRESS: 1},
    "VM functions without EPT": {F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_VMFUNC, F.EPTP_LIST_ADDRESS: 1},
    "#PF with error code": {INFO: PAGE_FAULT, F.VM_ENTRY_EXCEPTION_ERROR_CODE: 7},
    "#UD without error code": {INFO: 0x8000_0306},
    "NMI": {INFO: 0x8000_0202},
    "software interrupt": {INFO: 0x8000_0480, F.VM_ENTRY_INSTRUCTION_LEN: 2},
    "an event that is not valid": {INFO: 0x0000_0120},
    "posted interrupts": {**POSTED, F.POSTED_INTR_NV: 0xFF, F.POSTED_INTR_DESC_ADDR: (1 << 46) - 64},
    "a posted-interrupt vector that is not used": {F.POSTED_INTR_NV: 0x100, F.POSTED_INTR_DESC_ADDR: 1},
    "x2APIC mode": {PRIMARY: CPU_TPR_SHADOW | CPU_SECONDARY_CONTROLS,
                    F.SECONDARY_VM_EXEC_CONTROL: SEC_VIRTUALIZE_X2APIC_MODE | SEC_APIC_REGISTER_VIRT},
    "#GP with error code in a guest that cannot leave protected mode": {
        F.SECONDARY_VM_EXEC_CONTROL: 0, F.GUEST_CR0: 0x20, INFO: 0x8000_0B0D},
    "#GP without error code in real-address mode": {
        F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_EPT | SEC_UNRESTRICTED_GUEST, F.GUEST_CR0: 0x20, INFO: 0x8000_030D},
    "MSR areas of 16-byte entries": {F.VM_EXIT_MSR_LOAD_COUNT: 2, F.VM_EXIT_MSR_LOAD_ADDR: (1 << 46) - 32},
}


@pytest.mark.parametrize("name", BAD)
def test_a_check_is_the_first_to_fail(name: str) -> None:
    hw, cpu = with_vmcs(BAD[name], caps=OFFERS)
    problem = first_problem(subject(hw, cpu, reader(hw, cpu)), CONTROL_AREA)
    assert problem is not None
    assert problem.check == name
    assert says_everything(problem, next(check for check in CONTROL_CHECKS if check.name == name), reader(hw, cpu))


@pytest.mark.parametrize("name", FINE)
def test_what_is_allowed_passes(name: str) -> None:
    hw, cpu = with_vmcs(FINE[name], caps=OFFERS)
    assert first_problem(subject(hw, cpu, reader(hw, cpu)), CONTROL_AREA) is None


def test_every_check_has_a_row() -> None:
    assert set(BAD) == {check.name for check in CONTROL_CHECKS}


def test_a_processor_without_vpids_does_not_offer_the_control() -> None:
    hw, cpu = with_vmcs(caps=Caps(vpid=False))
    problem = first_problem(subject(hw, cpu, reader(hw, cpu)), CONTROL_AREA)
    assert problem is not None
    assert problem.text == ("SECONDARY_VM_EXEC_CONTROL = 0x22: must not set ENABLE_VPID, not offered by this processor "
                            "(SDM Vol. 3C 26.2.1.1)")


def test_the_tpr_threshold_is_compared_with_the_virtual_apic_page() -> None:
    hw, cpu = with_vmcs({PRIMARY: CPU_TPR_SHADOW, F.TPR_THRESHOLD: 3, F.VIRTUAL_APIC_PAGE_ADDR: 0x6000})
    write64(hw, 0x6080, 0x30)
    assert first_problem(subject(hw, cpu, reader(hw, cpu)), CONTROL_AREA) is None


@pytest.mark.parametrize(("caps", "change", "problem"), [
    (Caps(ept_uc=False), {F.EPT_POINTER: 0x7_0018}, "must be a valid EPTP: bits 2:0 are 0, not the memory type WB (6)"),
    (Caps(ept_wb=False), {F.EPT_POINTER: 0x7_001E}, "must be a valid EPTP: bits 2:0 are 6, not the memory type UC (0)"),
    (Caps(no_error_code_check=True), {INFO: 0x8000_030D}, ""), (Caps(no_error_code_check=True), {INFO: 0x8000_0B06}, ""),
    (Caps(no_error_code_check=True), {INFO: 0x8000_080D}, "must not set bit 11"),
    (Caps(zero_length_injection=True), {INFO: 0x8000_0480}, ""),
    (Caps(zero_length_injection=True), {INFO: 0x8000_0480, F.VM_ENTRY_INSTRUCTION_LEN: 16}, "must be 0..15 for a software event")])
def test_what_a_capability_allows(caps: Caps, change: dict[int, int], problem: str) -> None:
    hw, cpu = with_vmcs(change, caps=caps)
    found = first_problem(subject(hw, cpu, reader(hw, cpu)), CONTROL_AREA)
    assert problem in (found.text if found else "")
    assert bool(found) == bool(problem)
