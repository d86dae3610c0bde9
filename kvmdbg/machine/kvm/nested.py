"""Entering and leaving L2: the order in which it happens (nested.c; kvm.md E.2, E.3).

Before v5.0 all this lived in vmx.c.  The order of effects is that of each kernel; the division into functions is the newest one's.
What an entry makes is in nested_vmcs02.py, what an exit leaves in nested_vmcs12.py, and what both owe in nested_transition.py.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.controls import (
    ACTIVITY_HLT,
    ACTIVITY_WAIT_SIPI,
    CPU_INTERRUPT_WINDOW_EXITING,
    CPU_NMI_WINDOW_EXITING,
    EXIT_REASON_EXCEPTION_NMI,
    EXIT_REASON_FAILED_VMENTRY,
    EXIT_REASON_INVALID_STATE,
    EXIT_REASON_MSR_LOAD_FAIL,
    INTR_INFO_VALID,
    RFLAGS_IF,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.msr_area import ENTRY_LOAD
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.events import NestedEntered, NestedEntryFailed, NestedExited, NestedLeft
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.nested_checks import nested_check_area
from kvmdbg.machine.kvm.nested_msrs import nested_vmx_load_msr
from kvmdbg.machine.kvm.nested_pages import nested_get_vmcs12_pages
from kvmdbg.machine.kvm.nested_transition import flush_for_apic_access_page
from kvmdbg.machine.kvm.nested_vmcs02 import nested_get_current_vmcs02, prepare_vmcs02, prepare_vmcs02_early
from kvmdbg.machine.kvm.nested_vmcs12 import (
    load_vmcs12_host_state,
    prepare_vmcs12,
    record_event,
    save_pending_event,
    sync_vmcs02_to_vmcs12,
)
from kvmdbg.machine.kvm.preemption_timer import stop_preemption_timer, vmx_start_preemption_timer
from kvmdbg.machine.kvm.shadow_vmcs import vmcs12_has_changed
from kvmdbg.machine.kvm.shadow_vmcs12 import nested_flush_cached_shadow_vmcs12
from kvmdbg.machine.kvm.state import HALTED, INIT_RECEIVED, VMCS01, VMCS02, Kvm, Vcpu
from kvmdbg.machine.kvm.vcpu_events import PendingException
from kvmdbg.machine.kvm.vmx import drop_instruction, exception_info, vmx_vcpu_load_vmcs
from kvmdbg.machine.kvm.vmx_flush import nested_cpu_has_vpid
from kvmdbg.machine.kvm.vmx_ops import read, write
from kvmdbg.machine.kvm.x86 import kvm_service_local_tlb_flush_requests

NO_EXIT: Final = -1                # exit reason of nested_vmx_vmexit() for leaving L2 without an exit


# -- entry (E.2) ---------------------------------------------------------------------------------------------------


def nested_vmx_enter_non_root_mode(kvm: Kvm, vcpu: Vcpu, from_vmentry: bool = True) -> None:
    """From L1 to L2; the checks have passed.

    from_vmentry: by VMLAUNCH or VMRESUME.  Else by RSM or KVM_SET_NESTED_STATE, when L1's memory may not be mapped as it will be:
    what needs it waits for KVM_REQ_GET_NESTED_STATE_PAGES (since 7f7f1ba33cf2).

    Pending flushes are served first, while "current" still means L1's context; what the transition itself owes is a
    request, because it must run after L2's root is loaded.
    """
    pending_init = kvm.events(vcpu).init_pending and kvm.era.init_waits_for_vmxoff()
    events_wait = pending_init or kvm.era.evaluates_events_at_nested_entry() and waits_for_a_window(kvm, vcpu)
    early = kvm.era.checks_guest_state_before_the_switch()
    if early and from_vmentry and nested_vmx_check_guest_state(kvm, vcpu):
        return
    kvm_service_local_tlb_flush_requests(kvm, vcpu)
    if not kvm.config.enable_ept and kvm.era.keeps_cr3_of_l1_in_vmcs01():
        write(kvm, vcpu, F.GUEST_CR3, vcpu.cr3)
    nested_get_current_vmcs02(kvm, vcpu)
    vmx_switch_vmcs(kvm, vcpu, VMCS02)
    prepare_vmcs02_early(kvm, vcpu)
    deferred = not from_vmentry and kvm.era.defers_pages_of_vmcs12()
    if not deferred and not nested_get_vmcs12_pages(kvm, vcpu):
        vcpu.nested_run_pending = False
        vmx_switch_vmcs(kvm, vcpu, VMCS01)
        return
    if not early and from_vmentry and nested_vmx_check_guest_state(kvm, vcpu):
        return
    enter_guest_mode(kvm, vcpu)
    prepare_vmcs02(kvm, vcpu, from_vmentry)
    if from_vmentry and load_msrs_of_l2(kvm, vcpu):
        return
    if deferred:
        kvm_make_request(kvm, vcpu, kvm.era.nested_state_pages_request(), "nested_vmx_enter_non_root_mode")
    if events_wait:
        kvm_make_request(kvm, vcpu, "EVENT", "nested_vmx_enter_non_root_mode")
    vmx_start_preemption_timer(kvm, vcpu)
    if not from_vmentry:
        return
    if vmcs12.get(kvm, vcpu, F.GUEST_ACTIVITY_STATE) == ACTIVITY_HLT and not (injects(kvm, vcpu) or window_wakes(kvm, vcpu)):
        vcpu.nested_run_pending = False
        vcpu.mp_state = HALTED          # L2 sleeps: the processor is never entered in the HLT state
    elif vmcs12.get(kvm, vcpu, F.GUEST_ACTIVITY_STATE) == ACTIVITY_WAIT_SIPI:
        vcpu.nested_run_pending = False
        vcpu.mp_state = INIT_RECEIVED
    drop_instruction(vcpu)          # VMLAUNCH and VMRESUME are skipped only when L2 exits to L1
    unpark(kvm, vcpu)


def waits_for_a_window(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does an event of L1 wait until L1 takes it? With L2 active it may be taken at once (b5861e5cf2fc)."""
    return bool(read(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL) & (CPU_INTERRUPT_WINDOW_EXITING | CPU_NMI_WINDOW_EXITING))


def park(kvm: Kvm, vcpu: Vcpu) -> None:
    """L2 exits for an event between two attempts of an instruction: L1 runs first, L2 tries again when it goes on."""
    if vcpu.retries:
        kvm.events(vcpu).parked = () if vcpu.executes_code else vcpu.program[:1]
        drop_instruction(vcpu)


def unpark(kvm: Kvm, vcpu: Vcpu) -> None:
    """L2 goes on with the instruction that it has not finished."""
    if kvm.events(vcpu).parked:
        vcpu.program = vcpu.program.preceded_by(kvm.events(vcpu).parked)
        kvm.events(vcpu).parked = ()


def injects(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does L1 inject an event with this entry?"""
    return bool(vmcs12.get(kvm, vcpu, F.VM_ENTRY_INTR_INFO_FIELD) & INTR_INFO_VALID)


def window_wakes(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does a window that L1 waits for make L2 exit, though L1 enters it halted?"""
    primary = vmcs12.get(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL)
    interruptible = vmcs12.get(kvm, vcpu, F.GUEST_RFLAGS) & RFLAGS_IF
    return kvm.era.windows_wake_a_halted_l2() and bool(
        primary & CPU_NMI_WINDOW_EXITING or primary & CPU_INTERRUPT_WINDOW_EXITING and interruptible)


def nested_vmx_check_guest_state(kvm: Kvm, vcpu: Vcpu) -> bool:
    """True: L2's state is bad, and L1 has been told by an exit."""
    problem = nested_check_area(kvm, vcpu, "guest")
    if problem is None:
        return False
    vcpu.nested_run_pending = False
    vmx_switch_vmcs(kvm, vcpu, VMCS01)
    nested_vmx_entry_failure(kvm, vcpu, problem.qualification)
    return True


def load_msrs_of_l2(kvm: Kvm, vcpu: Vcpu) -> bool:
    """The VM-entry MSR-load area of vmcs12; True: an entry of it is bad, and L1 has been told by an exit."""
    failed_index = nested_vmx_load_msr(kvm, vcpu, ENTRY_LOAD)
    if not failed_index:
        return False
    vcpu.nested_run_pending = False
    set_guest_mode(kvm, vcpu, False)
    vmx_switch_vmcs(kvm, vcpu, VMCS01)
    nested_vmx_entry_failure(kvm, vcpu, failed_index, EXIT_REASON_MSR_LOAD_FAIL)
    return True


def enter_guest_mode(kvm: Kvm, vcpu: Vcpu) -> None:
    """L2 is the guest from now on."""
    vpid12 = vmcs12.get(kvm, vcpu, F.VIRTUAL_PROCESSOR_ID) if nested_cpu_has_vpid(kvm, vcpu) else 0
    kvm.emit(NestedEntered, vcpu.id, vcpu.current_vmptr, vpid12)
    set_guest_mode(kvm, vcpu, True)


def set_guest_mode(kvm: Kvm, vcpu: Vcpu, value: bool) -> None:
    """enter_guest_mode(), leave_guest_mode(): HF_GUEST_MASK, and the statistic that shows it (kvm_cache_regs.h)."""
    vcpu.guest_mode = value
    if kvm.era.shows_guest_mode():
        kvm.stats[vcpu.id, "guest_mode"] = int(value)


def vmx_switch_vmcs(kvm: Kvm, vcpu: Vcpu, which: str) -> None:
    """Make VMCS01 or VMCS02 the loaded one (nested.c: vmx_switch_vmcs())."""
    if vcpu.loaded_vmcs != which:
        vcpu.loaded_vmcs = which
        vmx_vcpu_load_vmcs(kvm, vcpu, vcpu.cpu)


def nested_vmx_entry_failure(kvm: Kvm, vcpu: Vcpu, qualification: int, basic: int = EXIT_REASON_INVALID_STATE) -> None:
    """L2 has not run: an exit with bit 31, reason 33 for its state, 34 for an MSR that cannot be loaded (vmentry_fail_vmexit)."""
    reason = basic | EXIT_REASON_FAILED_VMENTRY
    kvm.emit(NestedEntryFailed, vcpu.id, reason, qualification)
    vmcs12.put(kvm, vcpu, F.VM_EXIT_REASON, reason)
    vmcs12.put(kvm, vcpu, F.EXIT_QUALIFICATION, qualification)
    vmcs12_has_changed(vcpu)
    load_vmcs12_host_state(kvm, vcpu)
    drop_instruction(vcpu)


# -- exit (E.3) ----------------------------------------------------------------------------------------------------


def nested_vmx_vmexit(kvm: Kvm, vcpu: Vcpu, reason: int, qualification: int, intr_info: int | None = None,
                      error_code: int = 0) -> None:
    """From L2 to L1 with a 32-bit exit reason (nested.c: nested_vmx_vmexit()).

    reason: NO_EXIT when nothing is to be seen of it in vmcs12: an SMI, or user space ends nesting; L2's instruction stays.
    intr_info: VM-exit interruption information of an exit that KVM makes for an event; None: the exit that the processor made.
    """
    kvm_service_local_tlb_flush_requests(kvm, vcpu)
    if reason == NO_EXIT:
        kvm.emit(NestedLeft, vcpu.id)
    else:
        kvm.emit(NestedExited, vcpu.id, reason, qualification)
    set_guest_mode(kvm, vcpu, False)
    sync_vmcs02_to_vmcs12(kvm, vcpu)
    stop_preemption_timer(kvm, vcpu)
    if reason != NO_EXIT:
        prepare_vmcs12(kvm, vcpu, reason, qualification)
        vmcs12_has_changed(vcpu)
    nested_flush_cached_shadow_vmcs12(kvm, vcpu)
    if intr_info is not None:
        record_event(kvm, vcpu, intr_info, error_code)
    if kvm.era.recovers_injection_into_l2():
        save_pending_event(kvm, vcpu, reason)
    vmx_switch_vmcs(kvm, vcpu, VMCS01)
    flush_for_apic_access_page(kvm, vcpu, "nested exit")
    load_vmcs12_host_state(kvm, vcpu)
    if intr_info is not None:
        park(kvm, vcpu)
    elif reason != NO_EXIT and not reason & EXIT_REASON_FAILED_VMENTRY:
        drop_instruction(vcpu)


def nested_vmx_exception_vmexit(kvm: Kvm, vcpu: Vcpu, exception: PendingException) -> None:
    """An exception that L0 found for L2 is L1's affair (nested.c: nested_vmx_inject_exception_vmexit()).

    A processor makes error codes of 16 bits: what user space put above them is cut off since eba9799b5a6e.
    """
    nested_vmx_vmexit(kvm, vcpu, EXIT_REASON_EXCEPTION_NMI, exception.address, exception_info(exception),
                      kvm.era.error_code_for_vmcs(exception.error_code))


def nested_ept_inject_page_fault(kvm: Kvm, vcpu: Vcpu, reason: int, qualification: int, gpa: int) -> None:
    """EPT12 explains the fault of L2 at gpa: L1's affair, the only exits that write the guest-physical address (nested.c)."""
    nested_vmx_vmexit(kvm, vcpu, reason, qualification)
    vmcs12.put(kvm, vcpu, F.GUEST_PHYSICAL_ADDRESS, gpa)
