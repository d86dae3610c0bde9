"""faff87588df3: INVLPG flushes one address."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("faff87588df3", order=20180862, first="v4.19", date="2018-08",
        subject="kvm: x86: Flush only affected TLB entries in kvm_mmu_invlpg*",
        touches=("mmu.c: kvm_mmu_invlpg()", "vmx.c: vmx_flush_tlb_gva()"), read="memory")
class Without(Era):
    """INVLPG changed the current root and asked for KVM_REQ_TLB_FLUSH, also for an address that is not canonical.

    The test of the address is not this commit's own, as far as is known: it came between v4.15 and v5.6, and stands here.
    """

    def invlpg_flushes_one_address(self) -> bool:
        """No."""
        return False

    def counts_invlpg_of_no_address(self) -> bool:
        """Yes: every INVLPG was counted."""
        return True
