"""INVLPG of a guest whose page tables are shadowed (vmx.c: handle_invlpg(), mmu.c: kvm_mmu_invlpg(); kvm.md D, J.2.1)."""

from __future__ import annotations

from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.tlbkey import NONE
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.events import Decided, FlushAsked, GuestInvalidated
from kvmdbg.machine.kvm.guest_paging import guest_paging
from kvmdbg.machine.kvm.kvm_host import kvm_flush_remote_tlbs, kvm_mmu_flush_tlb
from kvmdbg.machine.kvm.shadow import DIRECT_KINDS, sync_address, zap_address
from kvmdbg.machine.kvm.state import INVALID_PAGE, Kvm, Root, Vcpu, level_of
from kvmdbg.machine.kvm.vmx import skip_emulated_instruction
from kvmdbg.machine.kvm.vmx_control_registers import kvm_get_active_pcid
from kvmdbg.machine.kvm.vmx_flush import nested_cpu_has_vpid
from kvmdbg.machine.kvm.vmx_ops import read


def handle_invlpg(kvm: Kvm, vcpu: Vcpu) -> None:
    """INVLPG; the exit qualification is the linear address."""
    gva = read(kvm, vcpu, F.EXIT_QUALIFICATION)
    kvm_mmu_invlpg(kvm, vcpu, gva)
    if guest_paging(kvm, vcpu).canonical(gva):
        kvm.emit(GuestInvalidated, vcpu.id, level_of(vcpu), "invlpg", "", guest_vpid(kvm, vcpu), kvm_get_active_pcid(vcpu), NONE,
                 gva)
    skip_emulated_instruction(kvm, vcpu)


def guest_vpid(kvm: Kvm, vcpu: Vcpu) -> int:
    """The VPID that the running level has on its own processor: 0000H, or vmcs12's."""
    in_l2 = vcpu.guest_mode and nested_cpu_has_vpid(kvm, vcpu)
    return vmcs12.get(kvm, vcpu, F.VIRTUAL_PROCESSOR_ID) if in_l2 else 0


def kvm_mmu_invlpg(kvm: Kvm, vcpu: Vcpu, gva: int) -> None:
    """Forget one linear address in the shadow and in the TLB (mmu.c).

    An address that is not canonical is none; kernels before v4.19 did not ask, and flushed for it as for any other.
    """
    canonical = guest_paging(kvm, vcpu).canonical(gva)
    if canonical or kvm.era.counts_invlpg_of_no_address():
        kvm.count(vcpu.id, "invlpg")
    if not kvm.era.invlpg_flushes_one_address():
        invalidate_in_root(kvm, kvm.mmu(vcpu).root, gva)
        kvm_mmu_flush_tlb(kvm, vcpu, "kvm_mmu_invlpg")
    elif not canonical:
        kvm.emit(Decided, vcpu.id, "kvm_mmu_invlpg", "invalidate the address?", "no", f"{gva:#x} is not canonical",
                 "mmu.c: kvm_mmu_invalidate_addr(); kvm_mmu_invlpg() before v5.8")
    else:
        flush_tlb_gva(kvm, vcpu, gva, "INVLPG emulation")
        for root in usable_roots(kvm, vcpu):
            invalidate_in_root(kvm, root, gva)


def usable_roots(kvm: Kvm, vcpu: Vcpu) -> list[Root]:
    """The current root and the cached ones."""
    active = kvm.mmu(vcpu)
    return [root for root in (active.root, *active.prev_roots) if root.hpa != INVALID_PAGE]


def invalidate_in_root(kvm: Kvm, root: Root, gva: int) -> None:
    """Bring one SPTE up to date, or drop it, if its table may have been edited (FNAME(invlpg)(), __kvm_mmu_invalidate_addr())."""
    if root.hpa == INVALID_PAGE or root.role.kind in DIRECT_KINDS:
        return
    change = sync_address if kvm.era.invlpg_syncs_the_spte() else zap_address
    if change(kvm, root.hpa, gva):
        kvm_flush_remote_tlbs(kvm, "kvm_mmu_invlpg")


def flush_tlb_gva(kvm: Kvm, vcpu: Vcpu, gva: int, by: str) -> None:
    """The hook, at once and uncounted."""
    kvm.emit(FlushAsked, vcpu.id, by, "flush_tlb_gva", f"{gva:#x}")
    kvm.ops.flush_tlb_gva(kvm, vcpu, gva)
