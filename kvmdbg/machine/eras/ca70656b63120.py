"""a70656b63120: tlb_flush counts the flushes that happen."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("a70656b63120", order=20140920, first="v3.18", date="2014-09", subject="KVM: x86: count actual tlb flushes",
        touches=("mmu.c: kvm_mmu_flush_tlb()", "x86.c: kvm_vcpu_flush_tlb()"), read="memory")
class Without(Era):
    """tlb_flush counted what the MMU asked for; a remote flush or a new processor did not count."""

    def counts_flushes_when_served(self) -> bool:
        """No."""
        return False
