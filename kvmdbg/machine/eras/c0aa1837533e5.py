"""0aa1837533e5: INIT out of paging frees the roots."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("0aa1837533e5", order=20210611, first="v5.14", date="2021-06",
        subject="KVM: x86: Properly reset MMU context at vCPU RESET/INIT",
        touches=("x86.c: kvm_vcpu_reset()",))
class Without(Era):
    """Only the entry to real mode without unrestricted guest, that is without EPT here, reset the MMU."""

    def init_out_of_paging_resets_the_mmu(self, tdp: bool) -> bool:
        """enter_rmode() did."""
        return not tdp
