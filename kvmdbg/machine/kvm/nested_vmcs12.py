"""Leaving L2: what L1 finds in vmcs12, and the host-state area of vmcs12 with which L1 goes on (nested.c; kvm.md E.3)."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.controls import (
    ACTIVITY_ACTIVE,
    ACTIVITY_HLT,
    ACTIVITY_WAIT_SIPI,
    AR_UNUSABLE,
    BLOCKING_MOV_SS,
    BLOCKING_STI,
    EFER_LMA,
    EFER_LME,
    EXIT_HOST_ADDR_SPACE_SIZE,
    EXIT_LOAD_IA32_EFER,
    EXIT_REASON_EXCEPTION_NMI,
    EXIT_REASON_FAILED_VMENTRY,
    EXIT_REASON_TRIPLE_FAULT,
    EXIT_SAVE_IA32_EFER,
    INTR_INFO_ERROR_CODE,
    INTR_INFO_VALID,
    INTR_TYPE_HARD_EXCEPTION,
    RFLAGS_RESERVED1,
)
from kvmdbg.machine.hw.delivery import VECTORS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.guest_state import PDPTES
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.guest_paging import is_pae_paging
from kvmdbg.machine.kvm.msr.pat import load_vmcs12_host_pat
from kvmdbg.machine.kvm.msr.tsc import write_tsc_offset
from kvmdbg.machine.kvm.nested_ept import nested_ept_uninit_mmu_context
from kvmdbg.machine.kvm.nested_msrs import nested_vmx_load_host_msr, nested_vmx_store_msr
from kvmdbg.machine.kvm.nested_transition import nested_vmx_load_cr3, nested_vmx_transition_tlb_flush
from kvmdbg.machine.kvm.nested_vmcs02 import COPIED, nested_cr0_guest_owned_bits, nested_cr4_guest_owned_bits
from kvmdbg.machine.kvm.pdptrs import load_pdptrs
from kvmdbg.machine.kvm.preemption_timer import save_preemption_timer
from kvmdbg.machine.kvm.state import HALTED, INIT_RECEIVED, RUNNABLE, Kvm, Vcpu
from kvmdbg.machine.kvm.vcpu_events import NOT_INJECTED
from kvmdbg.machine.kvm.virtual_interrupts import save_status
from kvmdbg.machine.kvm.vmx import flat_segments
from kvmdbg.machine.kvm.vmx_control_registers import (
    kvm_update_cpuid_runtime,
    vmx_cache_pdptrs,
    vmx_set_cr0,
    vmx_set_cr4,
    vmx_set_efer,
)
from kvmdbg.machine.kvm.vmx_ops import field, read, write
from kvmdbg.machine.kvm.x86 import kvm_clear_exception_queue

EXIT_INFORMATION: Final = (F.VM_EXIT_INTR_INFO, F.VM_EXIT_INTR_ERROR_CODE, F.IDT_VECTORING_INFO_FIELD, F.IDT_VECTORING_ERROR_CODE,
                           F.VM_EXIT_INSTRUCTION_LEN, F.VMX_INSTRUCTION_INFO, F.GUEST_LINEAR_ADDRESS)


def sync_vmcs02_to_vmcs12(kvm: Kvm, vcpu: Vcpu) -> None:
    """L2's state back to L1's VMCS."""
    for encoding in COPIED:
        vmcs12.put(kvm, vcpu, encoding, read(kvm, vcpu, encoding))
    vmcs12.put(kvm, vcpu, F.GUEST_ACTIVITY_STATE, {HALTED: ACTIVITY_HLT, INIT_RECEIVED: ACTIVITY_WAIT_SIPI}.get(
        vcpu.mp_state, ACTIVITY_ACTIVE))
    vcpu.mp_state = RUNNABLE
    save_status(kvm, vcpu)
    save_preemption_timer(kvm, vcpu)
    vmcs12.put(kvm, vcpu, F.GUEST_CR0, vmcs12_guest_cr(kvm, vcpu, F.GUEST_CR0, F.CR0_READ_SHADOW, F.CR0_GUEST_HOST_MASK,
                                                       nested_cr0_guest_owned_bits(kvm, vcpu)))
    vmcs12.put(kvm, vcpu, F.GUEST_CR4, vmcs12_guest_cr(kvm, vcpu, F.GUEST_CR4, F.CR4_READ_SHADOW, F.CR4_GUEST_HOST_MASK,
                                                       nested_cr4_guest_owned_bits(kvm, vcpu)))
    if kvm.config.enable_ept:
        vmcs12.put(kvm, vcpu, F.GUEST_CR3, read(kvm, vcpu, F.GUEST_CR3))
    if vmcs12.nested_cpu_has_ept(kvm, vcpu) and is_pae_paging(kvm, vcpu):
        for encoding, value in zip(PDPTES, vmx_cache_pdptrs(kvm, vcpu), strict=True):
            vmcs12.put(kvm, vcpu, encoding, value)
    if vmcs12.get(kvm, vcpu, F.VM_EXIT_CONTROLS) & EXIT_SAVE_IA32_EFER:
        vmcs12.put(kvm, vcpu, F.GUEST_IA32_EFER, vcpu.efer)


def vmcs12_guest_cr(kvm: Kvm, vcpu: Vcpu, guest: int, shadow: int, mask: int, owned: int) -> int:
    """CR0 or CR4 of L2 for vmcs12: from hardware what L2 owns, from vmcs12 what L1 owns, the rest from the shadow L2 reads."""
    theirs = vmcs12.get(kvm, vcpu, mask)
    return (read(kvm, vcpu, guest) & owned
            | vmcs12.get(kvm, vcpu, guest) & theirs
            | read(kvm, vcpu, shadow) & ~(theirs | owned))


def prepare_vmcs12(kvm: Kvm, vcpu: Vcpu, reason: int, qualification: int) -> None:
    """Why L2 exited, for L1 to read."""
    vmcs12.put(kvm, vcpu, F.VM_EXIT_REASON, reason)
    vmcs12.put(kvm, vcpu, F.EXIT_QUALIFICATION, qualification)
    for encoding in EXIT_INFORMATION:
        vmcs12.put(kvm, vcpu, encoding, read(kvm, vcpu, encoding))
    if not reason & EXIT_REASON_FAILED_VMENTRY:
        vmcs12.put(kvm, vcpu, vmcs12.LAUNCH_STATE, 1)
        info = vmcs12.get(kvm, vcpu, F.VM_ENTRY_INTR_INFO_FIELD)
        vmcs12.put(kvm, vcpu, F.VM_ENTRY_INTR_INFO_FIELD, info & ~INTR_INFO_VALID)
        nested_vmx_store_msr(kvm, vcpu)


def record_event(kvm: Kvm, vcpu: Vcpu, intr_info: int, error_code: int) -> None:
    """The event that L2 exits for; an interrupt that is not acknowledged leaves no information."""
    vmcs12.put(kvm, vcpu, F.VM_EXIT_INTR_INFO, intr_info)
    if intr_info & INTR_INFO_ERROR_CODE:
        vmcs12.put(kvm, vcpu, F.VM_EXIT_INTR_ERROR_CODE, error_code)


def save_pending_event(kvm: Kvm, vcpu: Vcpu, reason: int) -> None:
    """What was on its way into L2 is L1's to inject again: IDT-vectoring information (nested.c: vmcs12_save_pending_event()).

    A double or triple fault is never told to have come in a delivery (9bd1f0efa859).  What waited for L2 is forgotten.
    """
    events = kvm.events(vcpu)
    if events.mtf_pending:
        events.mtf_pending = False
    if not reason & EXIT_REASON_FAILED_VMENTRY:               # nor where nothing is to be seen of the exit: reason -1
        told = not (is_shutdown(kvm, vcpu, reason) and kvm.era.double_faults_hide_the_delivery())
        vmcs12.put(kvm, vcpu, F.IDT_VECTORING_INFO_FIELD, events.injected.info if told else 0)
        if told and events.injected.info & INTR_INFO_ERROR_CODE:
            vmcs12.put(kvm, vcpu, F.IDT_VECTORING_ERROR_CODE, events.injected.error_code)
    if events.injected != NOT_INJECTED:
        events.injected = NOT_INJECTED
    kvm_clear_exception_queue(kvm, vcpu)


def is_shutdown(kvm: Kvm, vcpu: Vcpu, reason: int) -> bool:
    """Does L2 exit for a triple fault, or for #DF?"""
    info = vmcs12.get(kvm, vcpu, F.VM_EXIT_INTR_INFO)
    is_exception = reason == EXIT_REASON_EXCEPTION_NMI and info >> 8 & 7 == INTR_TYPE_HARD_EXCEPTION
    return reason == EXIT_REASON_TRIPLE_FAULT or is_exception and info & 0xFF == VECTORS["#DF"]


def load_vmcs12_host_state(kvm: Kvm, vcpu: Vcpu) -> None:
    """L1 goes on as vmcs12's host-state area says; its MMU first, then the transition's flush (J.2.7)."""
    def theirs(encoding: int) -> int:
        return vmcs12.get(kvm, vcpu, encoding)

    vmx_set_efer(kvm, vcpu, host_efer(kvm, vcpu))
    write(kvm, vcpu, F.GUEST_RSP, theirs(F.HOST_RSP))
    write(kvm, vcpu, F.GUEST_RIP, theirs(F.HOST_RIP))
    write(kvm, vcpu, F.GUEST_RFLAGS, RFLAGS_RESERVED1)
    blocking = read(kvm, vcpu, F.GUEST_INTERRUPTIBILITY_INFO)
    if blocking & (BLOCKING_STI | BLOCKING_MOV_SS):                # vmx_set_interrupt_shadow(): that by NMI is L1's own
        write(kvm, vcpu, F.GUEST_INTERRUPTIBILITY_INFO, blocking & ~(BLOCKING_STI | BLOCKING_MOV_SS))
    write_tsc_offset(kvm, vcpu, in_l2=False)
    vmx_set_cr0(kvm, vcpu, theirs(F.HOST_CR0))
    vmx_set_cr4(kvm, vcpu, theirs(F.HOST_CR4))
    if kvm.era.nested_exit_updates_cpuid():
        kvm_update_cpuid_runtime(kvm, vcpu, vcpu.cr4)
    nested_ept_uninit_mmu_context(kvm, vcpu)
    if is_pae_paging(kvm, vcpu) and not load_pdptrs(kvm, vcpu, theirs(F.HOST_CR3)):
        vcpu.exit_to_user = "KVM_EXIT_SHUTDOWN (VMX abort 2: L1's PDPTEs cannot be loaded)"
    nested_vmx_load_cr3(kvm, vcpu, theirs(F.HOST_CR3), nested_ept=False)
    nested_vmx_transition_tlb_flush(kvm, vcpu, entry=False)
    load_host_segments(kvm, vcpu)
    load_vmcs12_host_pat(kvm, vcpu)
    nested_vmx_load_host_msr(kvm, vcpu)


def host_efer(kvm: Kvm, vcpu: Vcpu) -> int:
    """EFER for L1: from the host-state area, or LMA and LME by "host address-space size"."""
    controls = vmcs12.get(kvm, vcpu, F.VM_EXIT_CONTROLS)
    if controls & EXIT_LOAD_IA32_EFER:
        return vmcs12.get(kvm, vcpu, F.HOST_IA32_EFER)
    long = EFER_LMA | EFER_LME
    return vcpu.efer & ~long | (long if controls & EXIT_HOST_ADDR_SPACE_SIZE else 0)


def load_host_segments(kvm: Kvm, vcpu: Vcpu) -> None:
    """L1's segments: selectors and bases from vmcs12, the hidden parts flat."""
    for encoding, value in flat_segments().items():
        write(kvm, vcpu, encoding, value)
    for name in ("ES", "CS", "SS", "DS", "FS", "GS", "TR"):
        selector = vmcs12.get(kvm, vcpu, field(f"HOST_{name}_SELECTOR"))
        write(kvm, vcpu, field(f"GUEST_{name}_SELECTOR"), selector)
        if not selector and name not in ("CS", "TR"):
            write(kvm, vcpu, field(f"GUEST_{name}_AR_BYTES"), AR_UNUSABLE)
    for name in ("FS", "GS", "TR"):
        write(kvm, vcpu, field(f"GUEST_{name}_BASE"), vmcs12.get(kvm, vcpu, field(f"HOST_{name}_BASE")))
    for name in ("GDTR", "IDTR"):
        write(kvm, vcpu, field(f"GUEST_{name}_BASE"), vmcs12.get(kvm, vcpu, field(f"HOST_{name}_BASE")))
        write(kvm, vcpu, field(f"GUEST_{name}_LIMIT"), 0xFFFF)
