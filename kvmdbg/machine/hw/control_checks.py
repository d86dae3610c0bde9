"""VM-entry checks on the VM-execution, VM-exit and VM-entry control fields, in the manual's order: error 7.

A control that the modelled processor does not offer (`capabilities.control_caps`) is refused by the first checks, so the
checks of what such a control would demand (#VE, Intel PT, ...) are not needed.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.capabilities import Settings, control_caps
from kvmdbg.machine.hw.checking import (
    CONTROL_AREA,
    Check,
    Rule,
    Subject,
    both,
    has,
    is_not_zero,
    lacks,
    only,
    secondary,
    with_caps,
)
from kvmdbg.machine.hw.control_registers import page_address_problem, too_wide, wide_problem
from kvmdbg.machine.hw.controls import (
    CPU_BITS,
    CPU_NMI_WINDOW_EXITING,
    CPU_SECONDARY_CONTROLS,
    CPU_TPR_SHADOW,
    CPU_USE_IO_BITMAPS,
    CPU_USE_MSR_BITMAPS,
    CR0_PE,
    ENTRY_BITS,
    EXIT_ACK_INTR_ON_EXIT,
    EXIT_BITS,
    EXIT_SAVE_PREEMPTION_TIMER,
    INTR_INFO_ERROR_CODE,
    INTR_INFO_VALID,
    INTR_TYPE_HARD_EXCEPTION,
    INTR_TYPE_PRIV_SW_EXCEPTION,
    INTR_TYPE_SOFT_EXCEPTION,
    INTR_TYPE_SOFT_INTR,
    PIN_BITS,
    PIN_EXTERNAL_INTERRUPT_EXITING,
    PIN_NMI_EXITING,
    PIN_POSTED_INTERRUPTS,
    PIN_PREEMPTION_TIMER,
    PIN_VIRTUAL_NMIS,
    SEC_APIC_REGISTER_VIRT,
    SEC_BITS,
    SEC_ENABLE_EPT,
    SEC_ENABLE_PML,
    SEC_ENABLE_VMFUNC,
    SEC_ENABLE_VPID,
    SEC_MODE_BASED_EXECUTE,
    SEC_SHADOW_VMCS,
    SEC_UNRESTRICTED_GUEST,
    SEC_VIRTUAL_INTR_DELIVERY,
    SEC_VIRTUALIZE_APIC_ACCESSES,
    SEC_VIRTUALIZE_X2APIC_MODE,
    VMFUNC_EPTP_SWITCHING,
    names_of,
)
from kvmdbg.machine.hw.ept import eptp_valid
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.memory import read64

EXECUTION: Final = "SDM Vol. 3C 26.2.1.1"
EXIT: Final = "SDM Vol. 3C 26.2.1.2"
ENTRY: Final = "SDM Vol. 3C 26.2.1.3"
ERROR_CODE_VECTORS: Final = (8, 10, 11, 12, 13, 14, 17)      # #DF #TS #NP #SS #GP #PF #AC
SOFT_EVENTS: Final = (INTR_TYPE_SOFT_INTR, INTR_TYPE_PRIV_SW_EXCEPTION, INTR_TYPE_SOFT_EXCEPTION)


def offered(word: str, names: dict[int, str]) -> Rule:
    """The allowed settings of the word `word` (a name of ControlCaps) on this processor."""
    def rule(value: int, s: Subject) -> str:
        allowed: Settings = getattr(control_caps(s.caps), word)
        extra, missing = value & ~allowed.allowed_1, allowed.allowed_0 & ~value
        if extra:
            return f"not set {names_of(extra, names)}, not offered by this processor"
        return f"set {names_of(missing, names)}, as this processor demands" if missing else ""
    return rule


def offered_functions(value: int, s: Subject) -> str:
    extra = value & ~control_caps(s.caps).vmfunc
    return f"not set {extra:#x}, not offered by this processor" if extra else ""


def cr3_target_count(value: int, s: Subject) -> str:
    return "" if value <= s.caps.cr3_targets else f"be at most {s.caps.cr3_targets}"


def tpr_threshold_and_vtpr(value: int, s: Subject) -> str:
    """The threshold's bits 3:0 against bits 7:4 of the byte 80H on the virtual-APIC page."""
    vtpr = read64(s.hw, s.read(F.VIRTUAL_APIC_PAGE_ADDR) + 0x80 & ~7) & 0xFF
    return "" if value & 0xF <= vtpr >> 4 else f"be at most VTPR[7:4] = {vtpr >> 4:#x}"


def without_apic_accesses(s: Subject) -> bool:
    return not s.secondary & SEC_VIRTUALIZE_APIC_ACCESSES


def without_virtual_interrupts(s: Subject) -> bool:
    return not s.secondary & SEC_VIRTUAL_INTR_DELIVERY


def needs_tpr_shadow(value: int, _: Subject) -> str:
    return f"not set {names_of(value & VIRTUALIZED_APIC, SEC_BITS)} without TPR_SHADOW"


def one_kind_of_apic(value: int, _: Subject) -> str:
    return "not set VIRTUALIZE_X2APIC_MODE together with VIRTUALIZE_APIC_ACCESSES" if value & SEC_VIRTUALIZE_APIC_ACCESSES else ""


def needs_virtual_interrupt_delivery(value: int, s: Subject) -> str:
    if s.secondary & SEC_VIRTUAL_INTR_DELIVERY:
        return ""
    return "not set POSTED_INTERRUPTS while SECONDARY_VM_EXEC_CONTROL lacks VIRTUAL_INTR_DELIVERY"


def needs_acknowledgement(value: int, _: Subject) -> str:
    return "" if value & EXIT_ACK_INTR_ON_EXIT else "set ACK_INTR_ON_EXIT for POSTED_INTERRUPTS"


def descriptor_address(value: int, s: Subject) -> str:
    """Of 64 bytes."""
    return "have bits 5:0 = 0" if value & 0x3F else wide_problem(value, s.caps)


def needs_external_interrupt_exiting(value: int, _: Subject) -> str:
    return "set EXTERNAL_INTERRUPT_EXITING for VIRTUAL_INTR_DELIVERY" if not value & PIN_EXTERNAL_INTERRUPT_EXITING else ""


def needs_virtual_nmis(value: int, _: Subject) -> str:
    return "not set NMI_WINDOW_EXITING while PIN_BASED_VM_EXEC_CONTROL lacks VIRTUAL_NMIS" if value & CPU_NMI_WINDOW_EXITING else ""


def needs_nmi_exiting(value: int, _: Subject) -> str:
    return "not set VIRTUAL_NMIS without NMI_EXITING" if value & PIN_VIRTUAL_NMIS else ""


def needs_ept(control: int) -> Rule:
    """A secondary control that means nothing without EPT."""
    return lambda value, _: "" if value & SEC_ENABLE_EPT else f"not set {SEC_BITS[control]} without ENABLE_EPT"


def valid_eptp(value: int, s: Subject) -> str:
    problem = eptp_valid(value, s.caps)
    return f"be a valid EPTP: {problem}" if problem else ""


def switching_needs_ept(value: int, s: Subject) -> str:
    return "not set EPTP_SWITCHING without ENABLE_EPT" if not s.secondary & SEC_ENABLE_EPT else ""


def needs_preemption_timer(_: int, s: Subject) -> str:
    active = s.read(F.PIN_BASED_VM_EXEC_CONTROL) & PIN_PREEMPTION_TIMER
    return "" if active else "not set SAVE_PREEMPTION_TIMER while PIN_BASED_VM_EXEC_CONTROL lacks PREEMPTION_TIMER"


def msr_area(count: int) -> Rule:
    """An MSR area's address: 16-byte aligned, first and last byte within the processor's width; count: its field."""
    def rule(value: int, s: Subject) -> str:
        if value & 0xF:
            return "have bits 3:0 = 0"
        last = value + 16 * s.read(count) - 1
        return f"keep the area below bit {s.caps.maxphyaddr}" if too_wide(last, s.caps) else ""
    return rule


# -- the event to inject -------------------------------------------------------------------------------------------------

def event_type(info: int) -> int:
    return info >> 8 & 7


def in_protected_mode(s: Subject) -> bool:
    """Will the guest be? Only an unrestricted one can be in real-address mode, where no exception has an error code."""
    return not s.secondary & SEC_UNRESTRICTED_GUEST or bool(s.read(F.GUEST_CR0) & CR0_PE)


def takes_error_code(s: Subject, info: int) -> bool:
    """Must this event deliver an error code?"""
    return event_type(info) == INTR_TYPE_HARD_EXCEPTION and info & 0xFF in ERROR_CODE_VECTORS and in_protected_mode(s)


def legal_event_type(info: int, _: Subject) -> str:
    return "" if event_type(info) != 1 else "not have the reserved interruption type 1"


def legal_event_vector(info: int, _: Subject) -> str:
    vector = info & 0xFF
    match event_type(info):
        case 2:
            return "" if vector == 2 else "have vector 2 for an NMI"
        case 3:
            return "" if vector <= 31 else "have a vector of at most 31 for a hardware exception"
        case 7:
            return "" if vector == 0 else "have vector 0 for an MTF VM exit"
    return ""


def legal_error_code_bit(info: int, s: Subject) -> str:
    if bool(info & INTR_INFO_ERROR_CODE) == takes_error_code(s, info) or free_error_code(s, info):
        return ""
    return f"{'not ' if info & INTR_INFO_ERROR_CODE else ''}set bit 11 (deliver error code) for this event"


def free_error_code(s: Subject, info: int) -> bool:
    """May a hardware exception have an error code or not, whichever it is (IA32_VMX_BASIC bit 56)?"""
    return s.caps.no_error_code_check and event_type(info) == INTR_TYPE_HARD_EXCEPTION and in_protected_mode(s)


def soft_event_length(value: int, s: Subject) -> str:
    least = 0 if s.caps.zero_length_injection else 1
    return "" if least <= value <= 15 else f"be {least}..15 for a software event"


EVENT = has(F.VM_ENTRY_INTR_INFO_FIELD, INTR_INFO_VALID)


def soft_event(s: Subject) -> bool:
    return EVENT(s) and event_type(s.read(F.VM_ENTRY_INTR_INFO_FIELD)) in SOFT_EVENTS


ALL: Final = 0xFFFF_FFFF
VIRTUALIZED_APIC: Final = SEC_VIRTUALIZE_X2APIC_MODE | SEC_APIC_REGISTER_VIRT | SEC_VIRTUAL_INTR_DELIVERY
POSTED = has(F.PIN_BASED_VM_EXEC_CONTROL, PIN_POSTED_INTERRUPTS)
TPR_SHADOW = has(F.CPU_BASED_VM_EXEC_CONTROL, CPU_TPR_SHADOW)
EPTP_SWITCHING = both(secondary(SEC_ENABLE_VMFUNC), has(F.VM_FUNCTION_CONTROL, VMFUNC_EPTP_SWITCHING))
PAGE: Final = with_caps(page_address_problem)
EVENT_BITS: Final = only(0x8000_0FFF)
C: Final = CONTROL_AREA
PRIMARY: Final = F.CPU_BASED_VM_EXEC_CONTROL
INFO: Final = F.VM_ENTRY_INTR_INFO_FIELD

CONTROL_CHECKS: Final[tuple[Check, ...]] = (
    Check("pin-based controls are offered", C, EXECUTION, F.PIN_BASED_VM_EXEC_CONTROL, offered("pin", PIN_BITS)),
    Check("primary controls are offered", C, EXECUTION, PRIMARY, offered("cpu", CPU_BITS)),
    Check("secondary controls are offered", C, EXECUTION, F.SECONDARY_VM_EXEC_CONTROL, offered("sec", SEC_BITS),
          has(PRIMARY, CPU_SECONDARY_CONTROLS)),
    Check("CR3-target count is not above what is offered", C, EXECUTION, F.CR3_TARGET_COUNT, cr3_target_count),
    Check("I/O bitmap A is a page", C, EXECUTION, F.IO_BITMAP_A, PAGE, has(PRIMARY, CPU_USE_IO_BITMAPS)),
    Check("I/O bitmap B is a page", C, EXECUTION, F.IO_BITMAP_B, PAGE, has(PRIMARY, CPU_USE_IO_BITMAPS)),
    Check("the MSR bitmaps are a page", C, EXECUTION, F.MSR_BITMAP, PAGE, has(PRIMARY, CPU_USE_MSR_BITMAPS)),
    Check("the virtual-APIC address is a page", C, EXECUTION, F.VIRTUAL_APIC_PAGE_ADDR, PAGE, TPR_SHADOW),
    Check("the TPR threshold has four bits", C, EXECUTION, F.TPR_THRESHOLD, only(0xF),
          both(TPR_SHADOW, without_virtual_interrupts)),
    Check("the TPR threshold is not above VTPR", C, EXECUTION, F.TPR_THRESHOLD, tpr_threshold_and_vtpr,
          both(TPR_SHADOW, both(without_apic_accesses, without_virtual_interrupts))),
    Check("a virtualized APIC needs the TPR shadow", C, EXECUTION, F.SECONDARY_VM_EXEC_CONTROL, needs_tpr_shadow,
          both(secondary(VIRTUALIZED_APIC), lacks(F.CPU_BASED_VM_EXEC_CONTROL, CPU_TPR_SHADOW))),
    Check("virtual-interrupt delivery needs external-interrupt exiting", C, EXECUTION, F.PIN_BASED_VM_EXEC_CONTROL,
          needs_external_interrupt_exiting, secondary(SEC_VIRTUAL_INTR_DELIVERY)),
    Check("x2APIC mode and APIC accesses are not virtualized at once", C, EXECUTION, F.SECONDARY_VM_EXEC_CONTROL, one_kind_of_apic,
          secondary(SEC_VIRTUALIZE_X2APIC_MODE)),
    Check("the APIC-access address is a page", C, EXECUTION, F.APIC_ACCESS_ADDR, PAGE, secondary(SEC_VIRTUALIZE_APIC_ACCESSES)),
    Check("posted interrupts need virtual-interrupt delivery", C, EXECUTION, F.PIN_BASED_VM_EXEC_CONTROL,
          needs_virtual_interrupt_delivery, POSTED),
    Check("posted interrupts need the acknowledgement on exit", C, EXECUTION, F.VM_EXIT_CONTROLS, needs_acknowledgement, POSTED),
    Check("the posted-interrupt vector has eight bits", C, EXECUTION, F.POSTED_INTR_NV, only(0xFF), POSTED),
    Check("the posted-interrupt descriptor is in memory", C, EXECUTION, F.POSTED_INTR_DESC_ADDR, descriptor_address, POSTED),
    Check("virtual NMIs need NMI exiting", C, EXECUTION, F.PIN_BASED_VM_EXEC_CONTROL, needs_nmi_exiting,
          lacks(F.PIN_BASED_VM_EXEC_CONTROL, PIN_NMI_EXITING)),
    Check("NMI-window exiting needs virtual NMIs", C, EXECUTION, PRIMARY, needs_virtual_nmis,
          lacks(F.PIN_BASED_VM_EXEC_CONTROL, PIN_VIRTUAL_NMIS)),
    Check("the VPID is not 0 if VPIDs are enabled", C, EXECUTION, F.VIRTUAL_PROCESSOR_ID, is_not_zero,
          secondary(SEC_ENABLE_VPID)),
    Check("the EPTP is valid if EPT is enabled", C, EXECUTION, F.EPT_POINTER, valid_eptp, secondary(SEC_ENABLE_EPT)),
    Check("PML needs EPT", C, EXECUTION, F.SECONDARY_VM_EXEC_CONTROL, needs_ept(SEC_ENABLE_PML), secondary(SEC_ENABLE_PML)),
    Check("the PML address is a page", C, EXECUTION, F.PML_ADDRESS, PAGE, secondary(SEC_ENABLE_PML)),
    Check("an unrestricted guest needs EPT", C, EXECUTION, F.SECONDARY_VM_EXEC_CONTROL, needs_ept(SEC_UNRESTRICTED_GUEST),
          secondary(SEC_UNRESTRICTED_GUEST)),
    Check("mode-based execute control needs EPT", C, EXECUTION, F.SECONDARY_VM_EXEC_CONTROL, needs_ept(SEC_MODE_BASED_EXECUTE),
          secondary(SEC_MODE_BASED_EXECUTE)),
    Check("VM functions are offered", C, EXECUTION, F.VM_FUNCTION_CONTROL, offered_functions,
          secondary(SEC_ENABLE_VMFUNC)),
    Check("EPTP switching needs EPT", C, EXECUTION, F.VM_FUNCTION_CONTROL, switching_needs_ept, EPTP_SWITCHING),
    Check("the EPTP list is a page", C, EXECUTION, F.EPTP_LIST_ADDRESS, PAGE, EPTP_SWITCHING),
    Check("the VMREAD bitmap is a page", C, EXECUTION, F.VMREAD_BITMAP, PAGE, secondary(SEC_SHADOW_VMCS)),
    Check("the VMWRITE bitmap is a page", C, EXECUTION, F.VMWRITE_BITMAP, PAGE, secondary(SEC_SHADOW_VMCS)),

    Check("VM-exit controls are offered", C, EXIT, F.VM_EXIT_CONTROLS, offered("exit", EXIT_BITS)),
    Check("saving the preemption timer needs the timer", C, EXIT, F.VM_EXIT_CONTROLS, needs_preemption_timer,
          has(F.VM_EXIT_CONTROLS, EXIT_SAVE_PREEMPTION_TIMER)),
    Check("the VM-exit MSR-store area is in memory", C, EXIT, F.VM_EXIT_MSR_STORE_ADDR, msr_area(F.VM_EXIT_MSR_STORE_COUNT),
          has(F.VM_EXIT_MSR_STORE_COUNT, ALL)),
    Check("the VM-exit MSR-load area is in memory", C, EXIT, F.VM_EXIT_MSR_LOAD_ADDR, msr_area(F.VM_EXIT_MSR_LOAD_COUNT),
          has(F.VM_EXIT_MSR_LOAD_COUNT, ALL)),

    Check("VM-entry controls are offered", C, ENTRY, F.VM_ENTRY_CONTROLS, offered("entry", ENTRY_BITS)),
    Check("the injected event's type is not reserved", C, ENTRY, INFO, legal_event_type, EVENT),
    Check("the injected event's vector fits its type", C, ENTRY, INFO, legal_event_vector, EVENT),
    Check("the injected event delivers an error code where the exception has one", C, ENTRY, INFO, legal_error_code_bit, EVENT),
    Check("the injected event's reserved bits are 0", C, ENTRY, INFO, EVENT_BITS, EVENT),
    Check("the injected error code has 16 bits", C, ENTRY, F.VM_ENTRY_EXCEPTION_ERROR_CODE, only(0xFFFF),
          both(EVENT, has(INFO, INTR_INFO_ERROR_CODE))),
    Check("an injected software event has an instruction length", C, ENTRY, F.VM_ENTRY_INSTRUCTION_LEN, soft_event_length,
          soft_event),
    Check("the VM-entry MSR-load area is in memory", C, ENTRY, F.VM_ENTRY_MSR_LOAD_ADDR, msr_area(F.VM_ENTRY_MSR_LOAD_COUNT),
          has(F.VM_ENTRY_MSR_LOAD_COUNT, ALL)),
)
