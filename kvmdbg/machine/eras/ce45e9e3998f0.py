"""e45e9e3998f0: invalidating a PCID flushes the guest's view where it has EPT."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("e45e9e3998f0", order=20211060, first="v5.16", date="2021-10",
        subject="KVM: X86: Fix tlb flush for tdp in kvm_invalidate_pcid()",
        touches=("x86.c: kvm_invalidate_pcid()",),
        series="with the patch that leaves cached roots alone where CR4.PCIDE is 0")
class Without(Era):
    """With EPT only roots were looked at, which are no guest's: the TLB kept the PCID's translations (I-15)."""

    def pcid_flush_with_tdp_is_for_the_guest(self) -> bool:
        """No."""
        return False

    def every_root_has_pcid_0_without_pcide(self) -> bool:
        """Yes."""
        return True
