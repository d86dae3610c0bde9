"""MOV CR3 of a guest, emulated, and the invalidation of a PCID (x86.c: kvm_set_cr3(), kvm_invalidate_pcid(); kvm.md D)."""

from __future__ import annotations

from kvmdbg.machine.hw.control_registers import CR3_NO_FLUSH
from kvmdbg.machine.hw.controls import CR4_PCIDE
from kvmdbg.machine.hw.paging import ADDRESS
from kvmdbg.machine.kvm import mmu
from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.guest_paging import is_pae_paging
from kvmdbg.machine.kvm.kvm_host import kvm_make_request, kvm_mmu_flush_tlb
from kvmdbg.machine.kvm.pdptrs import load_pdptrs
from kvmdbg.machine.kvm.questions.address_spaces import NO_FLUSH_IGNORED, NO_FLUSH_RESERVED
from kvmdbg.machine.kvm.state import INVALID_PAGE, Kvm, Root, Vcpu
from kvmdbg.machine.kvm.vmx_control_registers import kvm_get_active_pcid, kvm_read_cr3, kvm_read_cr4, set_cr3, vmx_cache_pdptrs


def kvm_set_cr3(kvm: Kvm, vcpu: Vcpu, value: int) -> bool:
    """Emulate MOV CR3; False asks for #GP(0).  value: the operand, with bit 63."""
    pcids = bool(kvm_read_cr4(kvm, vcpu) & CR4_PCIDE)
    meaning = kvm.era.cr3_no_flush_bit()
    has_bit = meaning == NO_FLUSH_IGNORED or pcids and meaning != NO_FLUSH_RESERVED
    cr3 = value & ~CR3_NO_FLUSH if has_bit else value
    no_flush = bool(value & CR3_NO_FLUSH and has_bit and meaning != NO_FLUSH_IGNORED)
    if cr3 >> kvm.hw.caps.maxphyaddr or (kvm.era.cr3_must_name_memory() and cr3 & ADDRESS >= kvm.config.memory):
        return False
    pae, pdptrs = is_pae_paging(kvm, vcpu), vmx_cache_pdptrs(kvm, vcpu)
    if pae and not load_pdptrs(kvm, vcpu, cr3):
        return False
    if kvm.era.cr3_flush_is_by_pcid():
        if cr3 != kvm_read_cr3(kvm, vcpu):
            set_cr3(vcpu, cr3)
            mmu.kvm_mmu_new_pgd(kvm, vcpu, cr3, no_flush, no_flush)
        if not no_flush:
            kvm_invalidate_pcid(kvm, vcpu, cr3 & 0xFFF if pcids else 0)
    elif kvm.era.caches_roots():
        load_cr3_by_value(kvm, vcpu, cr3, no_flush, pae and vcpu.pdptrs != pdptrs)
    else:
        set_cr3_until_v4_18(kvm, vcpu, cr3, pae and vcpu.pdptrs != pdptrs)
    return True


def load_cr3_by_value(kvm: Kvm, vcpu: Vcpu, cr3: int, no_flush: bool, pdptrs_changed: bool) -> None:
    """x86.c: kvm_set_cr3(), v4.19 to v5.13: an unchanged CR3 is a flush; for a new one its root has to see to it (I-13)."""
    old = kvm_read_cr3(kvm, vcpu)
    if cr3 != old or pdptrs_changed:
        set_cr3(vcpu, cr3)
        mmu.kvm_mmu_new_pgd(kvm, vcpu, cr3, no_flush, no_flush)
        return
    kvm.emit(Decided, vcpu.id, "kvm_set_cr3", "flush because CR3 was written?", "no" if no_flush else "yes",
             f"CR3 {old:#x} again, bit 63 {int(no_flush)}", "x86.c: kvm_set_cr3(), v4.19 to v5.13")
    if not no_flush:
        mmu.kvm_mmu_sync_roots(kvm, vcpu)
        kvm_make_request(kvm, vcpu, kvm.era.current_flush_request(), "kvm_set_cr3")


def set_cr3_until_v4_18(kvm: Kvm, vcpu: Vcpu, cr3: int, pdptrs_changed: bool = False) -> None:
    """x86.c: kvm_set_cr3(), v4.4: an unchanged CR3 syncs the roots and asks for a flush, a new one frees them."""
    old = kvm_read_cr3(kvm, vcpu)
    unchanged = cr3 == old and not pdptrs_changed
    kvm.emit(Decided, vcpu.id, "kvm_set_cr3", "flush because CR3 was written?",
             "yes" if unchanged else "no: the new root's load will", f"CR3 {old:#x}, now {cr3:#x}",
             "x86.c: kvm_set_cr3(), until v4.18")
    if unchanged:
        mmu.kvm_mmu_sync_roots(kvm, vcpu)
        kvm_mmu_flush_tlb(kvm, vcpu, "kvm_set_cr3")
    else:
        set_cr3(vcpu, cr3)
        mmu.kvm_mmu_free_roots(kvm, vcpu, vcpu.mmu)


def kvm_get_pcid(kvm: Kvm, vcpu: Vcpu, pgd: int) -> int:
    """The PCID of a root's pgd, 0 without CR4.PCIDE (mmu.h)."""
    return pgd & 0xFFF if kvm_read_cr4(kvm, vcpu) & CR4_PCIDE else 0


def kvm_invalidate_pcid(kvm: Kvm, vcpu: Vcpu, pcid: int) -> None:
    """Forget what was cached for a PCID: sync and flush if it is the current one, free the cached roots that have it (x86.c)."""
    if kvm.config.enable_ept and kvm.era.pcid_flush_with_tdp_is_for_the_guest():
        kvm_make_request(kvm, vcpu, "TLB_FLUSH_GUEST", "kvm_invalidate_pcid")
        return
    active = kvm_get_active_pcid(vcpu)
    kvm.emit(Decided, vcpu.id, "kvm_invalidate_pcid", "sync and flush the current root?", "yes" if active == pcid else "no",
             f"PCID {pcid:#x} is invalidated, {active:#x} is active", "x86.c: kvm_invalidate_pcid()")
    if active == pcid:
        if kvm.era.pcid_sync_is_a_request():
            kvm_make_request(kvm, vcpu, "MMU_SYNC", "kvm_invalidate_pcid")
        else:
            mmu.kvm_mmu_sync_roots(kvm, vcpu)
        kvm_make_request(kvm, vcpu, kvm.era.current_flush_request(), "kvm_invalidate_pcid")
    if kvm_read_cr4(kvm, vcpu) & CR4_PCIDE or kvm.era.every_root_has_pcid_0_without_pcide():
        free_prev_roots_of(kvm, vcpu, pcid)


def free_prev_roots_of(kvm: Kvm, vcpu: Vcpu, pcid: int) -> None:
    """Free the cached roots of a PCID; not the current one, which was synced if it has it."""
    active = kvm.mmu(vcpu)
    current = active.root

    def matches(root: Root) -> bool:
        return root is not current and kvm_get_pcid(kvm, vcpu, root.pgd) == pcid

    found = sum(root.hpa != INVALID_PAGE and matches(root) for root in active.prev_roots)
    kvm.emit(Decided, vcpu.id, "kvm_invalidate_pcid", "which cached roots does this invalidate?", f"{found}", f"PCID {pcid:#x}",
             "x86.c: kvm_invalidate_pcid()")
    mmu.kvm_mmu_free_roots(kvm, vcpu, vcpu.mmu, matches)
