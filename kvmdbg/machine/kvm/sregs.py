"""KVM_SET_SREGS: user space puts special registers into a vCPU, past the checks and flushes of an instruction (__set_sregs())."""

from __future__ import annotations

from typing import NamedTuple

from kvmdbg.machine.hw.control_registers import cr0_problem, cr4_problem, efer_problem
from kvmdbg.machine.hw.controls import CR0_PG, CR4_OSXSAVE, CR4_PAE, CR4_PCIDE, EFER_LMA, EFER_LME
from kvmdbg.machine.kvm.guest_paging import is_pae_paging
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.mmu import kvm_mmu_reset_context
from kvmdbg.machine.kvm.pdptrs import load_pdptrs
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx_control_registers import kvm_update_cpuid_runtime


class Sregs(NamedTuple):
    """The part of struct kvm_sregs that the model has."""

    cr0: int
    cr3: int
    cr4: int
    efer: int


def get_sregs(kvm: Kvm, vcpu: Vcpu) -> Sregs:
    """KVM_GET_SREGS."""
    return Sregs(kvm.ops.read_cr0(kvm, vcpu), kvm.ops.read_cr3(kvm, vcpu), kvm.ops.read_cr4(kvm, vcpu), vcpu.efer)


def sregs_problem(kvm: Kvm, sregs: Sregs) -> str:
    """Why no processor can have these values together, "" if it can (x86.c: kvm_is_valid_sregs())."""
    for name, problem in (("CR0", cr0_problem(sregs.cr0)), ("CR4", cr4_problem(sregs.cr4, kvm.hw.caps)),
                          ("EFER", efer_problem(sregs.efer))):
        if problem:
            return f"{name} must {problem}"
    if sregs.cr3 >> kvm.hw.caps.maxphyaddr:
        return f"CR3 has bits above the {kvm.hw.caps.maxphyaddr} physical-address bits"
    long = bool(sregs.efer & EFER_LME and sregs.cr0 & CR0_PG)
    if bool(sregs.efer & EFER_LMA) != long or (long and not sregs.cr4 & CR4_PAE):
        return "EFER.LMA must be EFER.LME and CR0.PG, and needs CR4.PAE"
    if sregs.cr4 & CR4_PCIDE and not long:
        return "CR4.PCIDE needs EFER.LMA"
    return ""


def set_sregs(kvm: Kvm, vcpu: Vcpu, new: Sregs) -> None:
    """Each register that differs is set; then the MMU starts afresh, and since 4346db6e6e7a the guest's view is flushed."""
    old = get_sregs(kvm, vcpu)
    if new == old:
        return
    if new.cr3 != old.cr3:
        vcpu.cr3 = new.cr3
        vcpu.cr3_dirty = True
    if new.efer != old.efer:
        kvm.ops.set_efer(kvm, vcpu, new.efer)
    if new.cr0 != old.cr0:
        kvm.ops.set_cr0(kvm, vcpu, new.cr0)
    if new.cr4 != old.cr4:
        kvm.ops.set_cr4(kvm, vcpu, new.cr4)
        if (old.cr4 ^ new.cr4) & CR4_OSXSAVE and not kvm.era.set_cr4_updates_cpuid():
            kvm_update_cpuid_runtime(kvm, vcpu, new.cr4)
    if is_pae_paging(kvm, vcpu):
        load_pdptrs(kvm, vcpu, kvm.ops.read_cr3(kvm, vcpu))          # whose success nobody asks for
    kvm_mmu_reset_context(kvm, vcpu)
    if kvm.era.sregs_flush_the_guests_view():
        kvm_make_request(kvm, vcpu, "TLB_FLUSH_GUEST", "__set_sregs")
