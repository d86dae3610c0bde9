"""6b123c3a89a9: without TDP the root goes when the guest's PDPTEs have changed."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("6b123c3a89a9", order=20211212, first="v5.17", date="2021-12",
        subject="KVM: x86/mmu: Reconstruct shadow page root if the guest PDPTEs is changed",
        touches=("x86.c: load_pdptrs()",))
class Without(Era):
    """pae_root kept following the old ones, as MOV CR3 of the same value changes no root since 21823fbda552 (I-16)."""

    def new_pdptes_free_the_root(self) -> bool:
        """No."""
        return False
