"""Handling a VM exit on Intel: kvm_vmx_exit_handlers (vmx.c: vmx_handle_exit())."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import controls as c
from kvmdbg.machine.hw.delivery import NAMES
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.operands import RAX
from kvmdbg.machine.hw.paging import PF_WRITE
from kvmdbg.machine.kvm import nested, nested_insn, nested_invalidate, nested_vmcs_access, vmcs12, vmx_events
from kvmdbg.machine.kvm.control_registers import kvm_set_cr0, kvm_set_cr4
from kvmdbg.machine.kvm.cpuid import handle_cpuid
from kvmdbg.machine.kvm.cr3 import kvm_set_cr3
from kvmdbg.machine.kvm.emulate import handle_io
from kvmdbg.machine.kvm.events import Decided, ExitHandled
from kvmdbg.machine.kvm.forced_emulation import emulate_forced, is_forced
from kvmdbg.machine.kvm.invlpg import handle_invlpg
from kvmdbg.machine.kvm.invpcid import handle_invpcid
from kvmdbg.machine.kvm.nested_ept import Reflected, ept_page_fault
from kvmdbg.machine.kvm.nested_exits import PF_VECTOR, nested_vmx_reflect_vmexit, wants_page_fault
from kvmdbg.machine.kvm.paging_tmpl import Filled, PageFault, page_fault
from kvmdbg.machine.kvm.shadow import NONPAGING
from kvmdbg.machine.kvm.smm import em_rsm
from kvmdbg.machine.kvm.state import HALTED, Kvm, Vcpu, level_of
from kvmdbg.machine.kvm.tdp import EMULATE, MMIO, direct_page_fault, emulate_write
from kvmdbg.machine.kvm.vmfunc import handle_vmfunc
from kvmdbg.machine.kvm.vmx import drop_instruction, skip_emulated_instruction
from kvmdbg.machine.kvm.vmx_control_registers import kvm_read_cr3
from kvmdbg.machine.kvm.vmx_msrs import handle_rdmsr, handle_wrmsr
from kvmdbg.machine.kvm.vmx_ops import read, write
from kvmdbg.machine.kvm.x86 import kvm_queue_exception

ENOSYS: Final = 0xFFFF_FFFF_FFFF_FC18        # -KVM_ENOSYS (1000) in RAX
IN_A_DELIVERY: Final = (c.EXIT_REASON_EXCEPTION_NMI, c.EXIT_REASON_EPT_VIOLATION, c.EXIT_REASON_EPT_MISCONFIG,
                        c.EXIT_REASON_APIC_ACCESS)      # exits that may come in the middle of it, and are mended
EPT_WRITE: Final = 1 << 1
EPT_TRANSLATION: Final = 1 << 8              # not an access to a paging structure on the way


def vmx_handle_exit(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Look at the exit that just happened; False when KVM_RUN must return to user space."""
    if vcpu.fail:
        return handle_refused_entry(kvm, vcpu)
    if vcpu.emulation_required:
        vcpu.emulation_required = False
        nested.nested_vmx_vmexit(kvm, vcpu, c.EXIT_REASON_TRIPLE_FAULT, 0, 0)
        return not vcpu.exit_to_user
    reason = read(kvm, vcpu, F.VM_EXIT_REASON)
    qualification = read(kvm, vcpu, F.EXIT_QUALIFICATION)
    kvm.emit(ExitHandled, vcpu.id, level_of(vcpu), reason, qualification)
    if vcpu.guest_mode and nested_vmx_reflect_vmexit(kvm, vcpu, reason):
        nested.nested_vmx_vmexit(kvm, vcpu, reason, qualification)
    elif read(kvm, vcpu, F.IDT_VECTORING_INFO_FIELD) & c.INTR_INFO_VALID and reason not in IN_A_DELIVERY:
        vcpu.exit_to_user = f"KVM_EXIT_INTERNAL_ERROR (exit reason {reason:#x} while an event was being delivered)"
    elif reason & c.EXIT_REASON_FAILED_VMENTRY or reason not in HANDLERS:
        vcpu.exit_to_user = f"KVM_EXIT_FAIL_ENTRY (exit reason {reason:#x})"
    else:
        (HANDLERS if kvm.config.nested else HANDLERS | WITHOUT_NESTED)[reason](kvm, vcpu)
    return not vcpu.exit_to_user


def handle_refused_entry(kvm: Kvm, vcpu: Vcpu) -> bool:
    """VMfail at VMLAUNCH or VMRESUME of vmcs01 or vmcs02: for L2, its L1 is told (vmx->fail)."""
    error, vcpu.fail = vcpu.fail, 0
    if vcpu.guest_mode:
        nested_insn.nested_vmx_hw_entry_failed(kvm, vcpu, error)
    else:
        vcpu.exit_to_user = f"KVM_EXIT_FAIL_ENTRY (VM-instruction error {error})"
    return not vcpu.exit_to_user


# -- page faults below the guest -----------------------------------------------------------------------------------


def handle_ept_violation(kvm: Kvm, vcpu: Vcpu) -> None:
    """EPT01 or EPT02 lacks a translation or a right (vmx.c: handle_ept_violation())."""
    gpa = read(kvm, vcpu, F.GUEST_PHYSICAL_ADDRESS)
    qualification = read(kvm, vcpu, F.EXIT_QUALIFICATION)
    kvm.count(vcpu.id, "pf_taken")
    if kvm.era.keeps_the_ept_qualification():
        kvm.ept_qualification[vcpu.id] = qualification
    if kvm.mmu(vcpu).role.kind == "ept":
        outcome = ept_page_fault(kvm, vcpu, gpa, qualification)
    else:
        outcome = direct_page_fault(kvm, vcpu, gpa, write=bool(qualification & EPT_WRITE))
    if isinstance(outcome, Reflected):
        nested.nested_ept_inject_page_fault(kvm, vcpu, outcome.reason, outcome.qualification, gpa)
    elif outcome == MMIO:
        vcpu.exit_to_user = f"KVM_EXIT_MMIO (no memory at {gpa:#x})"
    elif outcome == EMULATE:
        if not qualification & EPT_TRANSLATION:
            raise Unsupported(f"a page walk sets flags in the write-protected table at {gpa:#x}: not modelled",
                              "Keep page tables out of the frames of EPT12's upper levels.")
        count_emulated_fault(kvm, vcpu)
        emulate_write(kvm, vcpu, gpa, vcpu.exit_insn)
    else:
        kvm.count(vcpu.id, "pf_fixed")


def handle_triple_fault(kvm: Kvm, vcpu: Vcpu) -> None:
    """The guest has shut down: user space decides what becomes of it."""
    vcpu.exit_to_user = "KVM_EXIT_SHUTDOWN (triple fault)"


def count_emulated_fault(kvm: Kvm, vcpu: Vcpu) -> None:
    """A page fault that ends in an emulated write: fixed all the same, until there was a statistic of its own (1075d41efd59)."""
    kvm.count(vcpu.id, "pf_emulate" if kvm.era.counts_pf_taken() else "pf_fixed")


def handle_exception(kvm: Kvm, vcpu: Vcpu) -> None:
    """#PF while page tables are shadowed, and #UD (handle_exception_nmi()).

    RSM in SMM is emulated, and what stands behind the forced emulation prefix; else the guest gets its #UD.
    """
    if read(kvm, vcpu, F.VM_EXIT_INTR_INFO) & 0xFF == PF_VECTOR:
        kvm_handle_page_fault(kvm, vcpu, read(kvm, vcpu, F.VM_EXIT_INTR_ERROR_CODE), read(kvm, vcpu, F.EXIT_QUALIFICATION))
        return
    if vcpu.exit_insn.name == "rsm" and vcpu.smm:
        em_rsm(kvm, vcpu)
        return
    if is_forced(kvm, vcpu):
        emulate_forced(kvm, vcpu)
        return
    info = read(kvm, vcpu, F.VM_EXIT_INTR_INFO)
    if info >> 8 & 7 == c.INTR_TYPE_NMI:
        return                                    # the host's own, handled already
    kvm_queue_exception(kvm, vcpu, NAMES[info & 0xFF], read(kvm, vcpu, F.VM_EXIT_INTR_ERROR_CODE))
    drop_instruction(vcpu)


# -- events ------------------------------------------------------------------------------------------------------------


def handle_external_interrupt(kvm: Kvm, vcpu: Vcpu) -> None:
    """The host has handled it; the guest goes on."""
    kvm.count(vcpu.id, "irq_exits")


def kvm_handle_page_fault(kvm: Kvm, vcpu: Vcpu, error_code: int, gva: int) -> None:
    """A #PF on shadow page tables: the guest's own affair, or to be filled in (mmu.c: kvm_handle_page_fault())."""
    kvm.count(vcpu.id, "pf_taken")
    if kvm.mmu(vcpu).role.kind == NONPAGING:
        found: Filled | PageFault = Filled(direct_page_fault(kvm, vcpu, gva, write=bool(error_code & PF_WRITE)), gva)
    else:
        found = page_fault(kvm, vcpu, gva, error_code)
    if isinstance(found, PageFault):
        inject_page_fault(kvm, vcpu, found)
    elif found.outcome == MMIO:
        vcpu.exit_to_user = f"KVM_EXIT_MMIO (no memory at {found.gpa:#x})"
    elif found.outcome == EMULATE:
        count_emulated_fault(kvm, vcpu)
        emulate_write(kvm, vcpu, found.gpa, vcpu.exit_insn)
    else:
        kvm.count(vcpu.id, "pf_fixed")


def inject_page_fault(kvm: Kvm, vcpu: Vcpu, fault: PageFault) -> None:
    """To the guest; one of L2 to L1 if its vmcs12 asks for it (nested.c: nested_vmx_check_exception())."""
    kvm.count(vcpu.id, "pf_guest")
    if vcpu.guest_mode and wants_page_fault(kvm, vcpu, fault.error_code):
        write(kvm, vcpu, F.VM_EXIT_INTR_ERROR_CODE, fault.error_code)
        nested.nested_vmx_vmexit(kvm, vcpu, c.EXIT_REASON_EXCEPTION_NMI, fault.address)
        return
    kvm_queue_exception(kvm, vcpu, "#PF", fault.error_code, fault.address)
    drop_instruction(vcpu)


def handle_interrupt_window(kvm: Kvm, vcpu: Vcpu) -> None:
    """The guest takes interrupts now."""
    vmx_events.close_window(kvm, vcpu, c.CPU_INTERRUPT_WINDOW_EXITING)
    kvm.count(vcpu.id, "irq_window_exits")


def handle_nmi_window(kvm: Kvm, vcpu: Vcpu) -> None:
    """The guest takes NMIs now."""
    vmx_events.close_window(kvm, vcpu, c.CPU_NMI_WINDOW_EXITING)
    kvm.count(vcpu.id, "nmi_window_exits")


def handle_preemption_timer(kvm: Kvm, vcpu: Vcpu) -> None:
    """The timer at 0 has ended an entry at once; there is nothing else to do (handle_fastpath_preemption_timer() since v5.8)."""
    fast = kvm.era.timer_exit_is_a_fastpath()
    kvm.emit(Decided, vcpu.id, "handle_preemption_timer", "is more to be done for this exit?", "no",
             "EXIT_FASTPATH_EXIT_HANDLED" if fast else "req_immediate_exit", "vmx.c: handle_preemption_timer()")


def handle_monitor_trap(kvm: Kvm, vcpu: Vcpu) -> None:
    """A trap that nobody asked for any more."""


# -- instructions --------------------------------------------------------------------------------------------------


def handle_apic_access(kvm: Kvm, vcpu: Vcpu) -> None:
    """An access to the guest's own local APIC, emulated; its registers are not modelled: a load reads 0 (handle_apic_access())."""
    kvm.count(vcpu.id, "insn_emulation")
    if vcpu.exit_insn.name != "store":
        vcpu.rax = 0
    skip_emulated_instruction(kvm, vcpu)


def handle_halt(kvm: Kvm, vcpu: Vcpu) -> None:
    """HLT: the vCPU sleeps until an event comes."""
    kvm.count(vcpu.id, "halt_exits")
    skip_emulated_instruction(kvm, vcpu)
    vcpu.mp_state = HALTED


def handle_vmcall(kvm: Kvm, vcpu: Vcpu) -> None:
    """A hypercall that KVM does not know."""
    kvm.count(vcpu.id, "hypercalls")
    skip_emulated_instruction(kvm, vcpu)
    vcpu.rax = ENOSYS


def handle_vmx_instruction(kvm: Kvm, vcpu: Vcpu) -> None:
    """A VMX instruction of a guest that is offered no VMX (nested=0): #UD."""
    kvm_queue_exception(kvm, vcpu, "#UD")
    drop_instruction(vcpu)


def handle_cr(kvm: Kvm, vcpu: Vcpu) -> None:
    """MOV to CR0, CR3 or CR4, and of CR3 to RAX (vmx.c: handle_cr())."""
    destination, source = vcpu.exit_insn.operands
    if destination == RAX:
        vcpu.rax = kvm_read_cr3(kvm, vcpu)
        skip_emulated_instruction(kvm, vcpu)
    elif CR_WRITERS[destination](kvm, vcpu, source):
        skip_emulated_instruction(kvm, vcpu)
    else:
        kvm_queue_exception(kvm, vcpu, "#GP")
        drop_instruction(vcpu)


def handle_set_cr0(kvm: Kvm, vcpu: Vcpu, value: int) -> bool:
    """MOV to CR0; False asks for #GP(0).  Of L2's value L1's own bits are left out, though L2 reads them back."""
    legal = kvm_set_cr0(kvm, vcpu, without_bits_of_l1(kvm, vcpu, value, F.CR0_GUEST_HOST_MASK, F.GUEST_CR0))
    if legal and vcpu.guest_mode:
        write(kvm, vcpu, F.CR0_READ_SHADOW, value)
    return legal


def handle_set_cr4(kvm: Kvm, vcpu: Vcpu, value: int) -> bool:
    """MOV to CR4, as CR0."""
    legal = kvm_set_cr4(kvm, vcpu, without_bits_of_l1(kvm, vcpu, value, F.CR4_GUEST_HOST_MASK, F.GUEST_CR4))
    if legal and vcpu.guest_mode:
        write(kvm, vcpu, F.CR4_READ_SHADOW, value)
    return legal


def without_bits_of_l1(kvm: Kvm, vcpu: Vcpu, value: int, mask: int, field: int) -> int:
    """What L2's write to CR0 or CR4 may change in hardware: bits that L1 owns keep the value that L1 gave them."""
    if not vcpu.guest_mode:
        return value
    theirs = vmcs12.get(kvm, vcpu, mask)
    return value & ~theirs | vmcs12.get(kvm, vcpu, field) & theirs


CR_WRITERS: Final[dict[str, Callable[[Kvm, Vcpu, int], bool]]] = {
    "cr0": handle_set_cr0, "cr3": kvm_set_cr3, "cr4": handle_set_cr4}


HANDLERS: Final[dict[int, Callable[[Kvm, Vcpu], None]]] = {
    c.EXIT_REASON_EXCEPTION_NMI: handle_exception,
    c.EXIT_REASON_EXTERNAL_INTERRUPT: handle_external_interrupt,
    c.EXIT_REASON_TRIPLE_FAULT: handle_triple_fault,
    c.EXIT_REASON_INTERRUPT_WINDOW: handle_interrupt_window,
    c.EXIT_REASON_NMI_WINDOW: handle_nmi_window,
    c.EXIT_REASON_PREEMPTION_TIMER: handle_preemption_timer,
    c.EXIT_REASON_MONITOR_TRAP_FLAG: handle_monitor_trap,
    c.EXIT_REASON_CPUID: handle_cpuid,
    c.EXIT_REASON_HLT: handle_halt,
    c.EXIT_REASON_VMCALL: handle_vmcall,
    c.EXIT_REASON_CR_ACCESS: handle_cr,
    c.EXIT_REASON_IO_INSTRUCTION: handle_io,
    c.EXIT_REASON_MSR_READ: handle_rdmsr,
    c.EXIT_REASON_MSR_WRITE: handle_wrmsr,
    c.EXIT_REASON_APIC_ACCESS: handle_apic_access,
    c.EXIT_REASON_EPT_VIOLATION: handle_ept_violation,
    c.EXIT_REASON_INVLPG: handle_invlpg,
    c.EXIT_REASON_INVPCID: handle_invpcid,
    c.EXIT_REASON_VMCLEAR: nested_insn.handle_vmclear,
    c.EXIT_REASON_VMLAUNCH: nested_insn.handle_vmlaunch,
    c.EXIT_REASON_VMPTRLD: nested_insn.handle_vmptrld,
    c.EXIT_REASON_VMPTRST: nested_insn.handle_vmptrst,
    c.EXIT_REASON_VMREAD: nested_vmcs_access.handle_vmread,
    c.EXIT_REASON_VMRESUME: nested_insn.handle_vmresume,
    c.EXIT_REASON_VMWRITE: nested_vmcs_access.handle_vmwrite,
    c.EXIT_REASON_VMOFF: nested_insn.handle_vmxoff,
    c.EXIT_REASON_VMON: nested_insn.handle_vmxon,
    c.EXIT_REASON_INVEPT: nested_invalidate.handle_invept,
    c.EXIT_REASON_INVVPID: nested_invalidate.handle_invvpid,
    c.EXIT_REASON_VMFUNC: handle_vmfunc,
}
WITHOUT_NESTED: Final = {reason: handle_vmx_instruction for reason, handler in HANDLERS.items()
                         if handler.__module__ in (nested_insn.__name__, nested_invalidate.__name__, nested_vmcs_access.__name__)}
