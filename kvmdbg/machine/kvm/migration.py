"""User space saves a vCPU whole, destroys the VM and restores the vCPU into a new one: what live migration does, on one host.

Theory of operation.  All that the guest can tell is kept: memory, registers, what waits for it, the state of nesting.  KVM's own
side is new: the VPIDs, both VMCSs, the MMUs with every page table, the requests.  What the processor still has cached of the old VM
goes with the flush of all contexts that the first load of a new VMCS asks for.  The order of the ioctls is that of the selftests:
registers and events first, the state of nesting last, as it builds vmcs02 from what is there.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.errors import UserError
from kvmdbg.machine.hw import memory
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import NO_PDPTES
from kvmdbg.machine.hw.vmcs import CLEAR
from kvmdbg.machine.kvm.apic_access_page import reset_apic_access_page
from kvmdbg.machine.kvm.errno import OK
from kvmdbg.machine.kvm.events import VcpuReset
from kvmdbg.machine.kvm.kvm_vcpu_events import (
    KvmVcpuEvents,
    kvm_vcpu_ioctl_x86_get_vcpu_events,
    kvm_vcpu_ioctl_x86_set_vcpu_events,
)
from kvmdbg.machine.kvm.memslots import kvm_zap_obsolete_pages
from kvmdbg.machine.kvm.mmu import kvm_init_mmu, kvm_mmu_unload
from kvmdbg.machine.kvm.msr.tsc import write_tsc_offset
from kvmdbg.machine.kvm.nested_state import (
    kvm_set_nested_state,
    vmx_get_nested_state,
    vmx_leave_nested,
)
from kvmdbg.machine.kvm.nested_vmcs02 import SEGMENT_FIELDS
from kvmdbg.machine.kvm.sched import kvm_arch_vcpu_load
from kvmdbg.machine.kvm.shadow_vmcs import free_shadow_vmcs
from kvmdbg.machine.kvm.sregs import Sregs, get_sregs, set_sregs
from kvmdbg.machine.kvm.state import (
    INVALID_GPA,
    INVALID_PAGE,
    ROOT_MMU,
    RUNNABLE,
    VMCS01,
    Kvm,
    NestedState,
    Vcpu,
)
from kvmdbg.machine.kvm.vcpu_events import NO_TIMER, NOT_INJECTED
from kvmdbg.machine.kvm.vmx import BOOT_CR0, BOOT_EFER, NEVER, init_vmcs01
from kvmdbg.machine.kvm.vmx_ops import read, write
from kvmdbg.machine.kvm.vpid import allocate_vpid, free_vpid

REGISTERS: Final = (*SEGMENT_FIELDS, F.GUEST_GDTR_BASE, F.GUEST_GDTR_LIMIT, F.GUEST_IDTR_BASE, F.GUEST_IDTR_LIMIT,
                    F.GUEST_SYSENTER_CS, F.GUEST_SYSENTER_ESP, F.GUEST_SYSENTER_EIP, F.GUEST_RSP, F.GUEST_RIP, F.GUEST_RFLAGS,
                    F.GUEST_DR7, F.GUEST_PENDING_DBG_EXCEPTIONS)
RUN: Final = ("vcpu_enter_guest",)


class VcpuState(NamedTuple):
    """What user space keeps of a vCPU, as far as the model has it."""

    events: KvmVcpuEvents
    mp_state: str
    registers: tuple[tuple[int, int], ...]     # guest-state fields of the level that runs, and their values
    sregs: Sregs
    rax: int
    nested: NestedState | None                 # None: the kernel can neither save nor restore it


def vmx_vcpu_create(kvm: Kvm, vcpu: Vcpu) -> None:
    """Its VPIDs, its vmcs01, its MMU (vmx.c)."""
    vcpu.vpid = allocate_vpid(kvm, vcpu, "vpid01")
    if kvm.config.nested and kvm.era.has_vpid02() and not kvm.era.vpid02_lives_from_vmxon():
        vcpu.vpid02 = allocate_vpid(kvm, vcpu, "vpid02")
    kvm.hw.launch_state[kvm.vmcs01(vcpu)] = CLEAR
    init_vmcs01(kvm, vcpu)
    reset_apic_access_page(kvm, vcpu)
    kvm_init_mmu(kvm, vcpu)


def can_be_saved(kvm: Kvm, vcpu: Vcpu) -> None:
    """raises: UserError in VMX operation without KVM_GET_NESTED_STATE, where it would be lost."""
    if not kvm.era.has_nested_state_ioctls() and (vcpu.vmxon or vcpu.smm_vmxon):
        raise UserError(f"{kvm.era.name} has no KVM_GET_NESTED_STATE: an L1 in VMX operation cannot be saved",
                        "It came with v4.19.")


def vcpu_save_state(kvm: Kvm, vcpu: Vcpu) -> VcpuState:
    """What the ioctls give; the vCPU is out of KVM_RUN, and `can_be_saved`."""
    ioctls = kvm.era.has_nested_state_ioctls()
    events = kvm_vcpu_ioctl_x86_get_vcpu_events(kvm, vcpu)
    return VcpuState(events, vcpu.mp_state, tuple((field, read(kvm, vcpu, field)) for field in REGISTERS), get_sregs(kvm, vcpu),
                     vcpu.rax, vmx_get_nested_state(kvm, vcpu) if ioctls else None)


def vcpu_load_state(kvm: Kvm, vcpu: Vcpu, state: VcpuState) -> str:
    """A new VM with a new vCPU that gets the state: OK, or the error of KVM_SET_NESTED_STATE."""
    vmx_vcpu_free(kvm, vcpu)
    kvm.emit(VcpuReset, vcpu.id, "a new VM")
    vmx_vcpu_create(kvm, vcpu)
    kvm_arch_vcpu_load(kvm, vcpu, vcpu.next_cpu)
    vcpu.todo = RUN
    set_sregs(kvm, vcpu, state.sregs)
    write_tsc_offset(kvm, vcpu, in_l2=False)
    for field, value in state.registers:
        write(kvm, vcpu, field, value)
    kvm_vcpu_ioctl_x86_set_vcpu_events(kvm, vcpu, state.events)
    vcpu.mp_state = state.mp_state
    if state.mp_state != RUNNABLE:
        vcpu.todo = (*vcpu.todo[:-1], "kvm_vcpu_block")
    vcpu.rax = state.rax
    return kvm_set_nested_state(kvm, vcpu, state.nested) if state.nested is not None else OK


def vmx_vcpu_free(kvm: Kvm, vcpu: Vcpu) -> None:
    """The old VM goes: out of nesting, VPIDs given back, every page table and both VMCSs gone (vmx.c; kvm_destroy_vm())."""
    vmx_leave_nested(kvm, vcpu)
    kvm_mmu_unload(kvm, vcpu)
    for page in kvm_zap_obsolete_pages(kvm).values():
        memory.free_frame(kvm.hw, page.hpa)
    for hpa, _ in list(kvm.obsolete_roots.items()):
        del kvm.obsolete_roots[hpa]
    free_vpid(kvm, vcpu, vcpu.vpid)
    if not kvm.era.vpid02_lives_from_vmxon():
        free_vpid(kvm, vcpu, vcpu.vpid02)
    free_shadow_vmcs(kvm, vcpu)
    for region, encoding in list(kvm.hw.vmcs):
        if region == kvm.vmcs01(vcpu):
            del kvm.hw.vmcs[region, encoding]
    if vcpu.vmcs02 != INVALID_PAGE:
        memory.free_frame(kvm.hw, vcpu.vmcs02)
    forget(kvm, vcpu)


def forget(kvm: Kvm, vcpu: Vcpu) -> None:
    """KVM's own notes start anew; the guest's memory, SMRAM, local APIC and MSRs are user space's to bring along."""
    blank = {"requests": 0, "fail": 0, "exit_to_user": "", "exception": None, "loaded_vmcs": VMCS01, "vmcs01_cpu": NEVER,
             "vmcs02_cpu": NEVER, "vmcs01_launched": False, "vmcs02_launched": False, "cr0": BOOT_CR0, "cr3": 0, "cr3_dirty": False,
             "cr4": 0, "efer": BOOT_EFER, "pdptrs": NO_PDPTES, "pdptrs_dirty": False, "mmu": ROOT_MMU, "vmcs02": INVALID_PAGE,
             "vmcs02_vmptr": INVALID_GPA, "vpid02": 0, "last_vpid": 0, "nested_run_pending": False, "dirty_vmcs12": False,
             "shadow_vmcs": INVALID_PAGE, "need_vmcs12_to_shadow_sync": False,
             "smm": False, "smi_pending": False, "smm_guest_mode": False, "at_instruction_boundary": False}
    for name, value in blank.items():
        if getattr(vcpu, name) != value:
            setattr(vcpu, name, value)
    events = kvm.events(vcpu)
    for name, value in {"nmi_queued": 0, "nmi_pending": 0, "injected": NOT_INJECTED, "exception_vmexit": None,
                        "exception_from_userspace": False, "immediate_exit": False, "mtf_pending": False, "timer": NO_TIMER,
                        "timer_expired": False, "exits_at_once": 0}.items():
        if getattr(events, name) != value:
            setattr(events, name, value)
