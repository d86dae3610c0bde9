"""Guest flushes, exceptions and control registers: the vendor-independent part of KVM (x86.c)."""

from __future__ import annotations

from kvmdbg.machine.hw.control_registers import CR0_DEFINED, CR0_FIXED1, CR4_FIXED1, cr0_problem, cr4_problem
from kvmdbg.machine.hw.controls import (
    CR0_ET,
    CR0_PG,
    CR0_WP,
    CR4_LA57,
    CR4_PAE,
    CR4_PCIDE,
    CR4_PGE,
    CR4_PKE,
    CR4_PSE,
    CR4_SMAP,
    CR4_SMEP,
    CR4_VMXE,
    EFER_LMA,
)
from kvmdbg.machine.kvm import mmu
from kvmdbg.machine.kvm.events import Decided, ExceptionInjected, FlushAsked
from kvmdbg.machine.kvm.guest_paging import X86_CR0_PDPTR_BITS, X86_CR4_PDPTR_BITS, load_pdptrs
from kvmdbg.machine.kvm.kvm_host import kvm_check_request, kvm_make_request
from kvmdbg.machine.kvm.state import IN_GUEST_MODE, Kvm, PendingException, Vcpu

MMU_ROLE_CR4 = CR4_PSE | CR4_PAE | CR4_LA57 | CR4_SMEP | CR4_SMAP | CR4_PKE


# -- flushes (x86.c: kvm_vcpu_flush_tlb_*) -------------------------------------------------------------------------


def kvm_vcpu_flush_tlb_all(kvm: Kvm, vcpu: Vcpu) -> None:
    """Serve KVM_REQ_TLB_FLUSH; counted in the statistic tlb_flush."""
    kvm.count(vcpu.id, "tlb_flush")
    by_scope = kvm.era.has_flush_hooks_by_scope()
    kvm.emit(FlushAsked, vcpu.id, "KVM_REQ_TLB_FLUSH", "flush_tlb_all" if by_scope else "tlb_flush",
             "all contexts" if by_scope else f"vpid01 {vcpu.vpid} and the current root's EPTP")
    kvm.ops.flush_tlb_all(kvm, vcpu)


def kvm_vcpu_flush_tlb_current(kvm: Kvm, vcpu: Vcpu) -> None:
    """Serve KVM_REQ_TLB_FLUSH_CURRENT (eeeb4f67a6cd)."""
    kvm.count(vcpu.id, "tlb_flush")
    kvm.emit(FlushAsked, vcpu.id, "KVM_REQ_TLB_FLUSH_CURRENT", "flush_tlb_current", "the current context")
    kvm.ops.flush_tlb_current(kvm, vcpu)


def kvm_vcpu_flush_tlb_guest(kvm: Kvm, vcpu: Vcpu, by: str = "KVM_REQ_TLB_FLUSH_GUEST") -> None:
    """Serve KVM_REQ_TLB_FLUSH_GUEST: the guest's linear mappings only (e64419d991ea)."""
    kvm.count(vcpu.id, "tlb_flush")
    kvm.emit(FlushAsked, vcpu.id, by, "flush_tlb_guest", "the guest's own view")
    kvm.ops.flush_tlb_guest(kvm, vcpu)


def kvm_service_local_tlb_flush_requests(kvm: Kvm, vcpu: Vcpu) -> None:
    """Serve CURRENT and GUEST now, against the context that is current now (x86.c, 40e5f9080472)."""
    for name, flush in (("TLB_FLUSH_CURRENT", kvm_vcpu_flush_tlb_current), ("TLB_FLUSH_GUEST", kvm_vcpu_flush_tlb_guest)):
        if name in kvm.era.flushes_served_at_transitions() and kvm_check_request(kvm, vcpu, name):
            flush(kvm, vcpu)


# -- exceptions ----------------------------------------------------------------------------------------------------


def kvm_queue_exception(kvm: Kvm, vcpu: Vcpu, vector: str, error_code: int = 0, address: int = 0) -> None:
    """Give the guest an exception at the next entry (x86.c: kvm_multiple_exception())."""
    kvm.emit(ExceptionInjected, vcpu.id, vector, error_code, address)
    vcpu.exception = PendingException(vector, error_code, address)
    kvm_make_request(kvm, vcpu, "EVENT", "kvm_multiple_exception")


def kvm_vcpu_exit_request(kvm: Kvm, vcpu: Vcpu) -> bool:
    """The last check before VM entry: has anybody asked for something since? (x86.c)"""
    pending = vcpu.mode != IN_GUEST_MODE or vcpu.requests != 0
    values = f"mode {vcpu.mode}, requests {vcpu.requests:#x}"
    kvm.emit(Decided, vcpu.id, "kvm_vcpu_exit_request", "cancel this entry?", "yes" if pending else "no", values,
             "x86.c: vcpu_enter_guest(), the check with interrupts off")
    return pending


# -- control registers (x86.c; regs.c in 2026) ---------------------------------------------------------------------


def kvm_set_cr0(kvm: Kvm, vcpu: Vcpu, cr0: int) -> bool:
    """Emulate MOV CR0; False asks for #GP(0).  PG cannot be cleared from 64-bit mode, the only one modelled."""
    old = vcpu.cr0
    if cr0_problem(cr0, CR0_FIXED1 if vcpu.vmxon else 0) or (not cr0 & CR0_PG and vcpu.efer & EFER_LMA):
        return False
    cr0 = cr0 & CR0_DEFINED | CR0_ET
    pae = not vcpu.efer & EFER_LMA and cr0 & CR0_PG and vcpu.cr4 & CR4_PAE
    if pae and (old ^ cr0) & X86_CR0_PDPTR_BITS and not load_pdptrs(kvm, vcpu, kvm.ops.read_cr3(kvm, vcpu)):
        return False
    kvm.ops.set_cr0(kvm, vcpu, cr0)
    changed = old ^ cr0
    if changed & CR0_WP and (kvm.era.wp_change_resets_the_mmu() or changed != CR0_WP):
        mmu.kvm_mmu_reset_context(kvm, vcpu)
    return True


def kvm_set_cr4(kvm: Kvm, vcpu: Vcpu, cr4: int) -> bool:
    """Emulate MOV CR4; False asks for #GP(0)."""
    old = kvm.ops.read_cr4(kvm, vcpu)
    if cr4_problem(cr4, kvm.hw.caps, CR4_FIXED1 if vcpu.vmxon else 0) or (cr4 & CR4_VMXE and not kvm.config.nested):
        return False
    if vcpu.efer & EFER_LMA and (not cr4 & CR4_PAE or (old ^ cr4) & CR4_LA57):
        return False
    if cr4 & ~old & CR4_PCIDE and (kvm.ops.read_cr3(kvm, vcpu) & 0xFFF or not vcpu.efer & EFER_LMA):
        return False
    pae = not vcpu.efer & EFER_LMA and vcpu.cr0 & CR0_PG and cr4 & CR4_PAE
    if pae and (old ^ cr4) & X86_CR4_PDPTR_BITS and not load_pdptrs(kvm, vcpu, kvm.ops.read_cr3(kvm, vcpu)):
        return False
    kvm.ops.set_cr4(kvm, vcpu, cr4)
    kvm_post_set_cr4(kvm, vcpu, old, cr4)
    return True


def kvm_post_set_cr4(kvm: Kvm, vcpu: Vcpu, old: int, cr4: int) -> None:
    """What a changed CR4 flushes: role bits reset the MMU, PGE and PCIDE 1->0 flush the guest's view (a91a7c709600)."""
    changed = old ^ cr4
    resets = changed & CR4_PGE | old & changed & CR4_PCIDE if kvm.era.pge_is_a_role_bit() else 0
    if changed & MMU_ROLE_CR4 or resets:
        mmu.kvm_mmu_reset_context(kvm, vcpu)
    if kvm.era.pge_is_a_role_bit():
        return
    if changed & CR4_PGE or old & changed & CR4_PCIDE:
        kvm_make_request(kvm, vcpu, "TLB_FLUSH_GUEST", "kvm_post_set_cr4")
    elif changed & CR4_PAE or cr4 & changed & CR4_SMEP:
        kvm_make_request(kvm, vcpu, "TLB_FLUSH_CURRENT", "kvm_post_set_cr4")
