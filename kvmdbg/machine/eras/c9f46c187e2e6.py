"""9f46c187e2e6: INVPCID of one address looks whether the MMU has a hook for it."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("9f46c187e2e6", order=20220230, first="v5.18", date="2022-05",
        subject="KVM: x86/mmu: fix NULL pointer dereference on guest INVPCID",
        touches=("mmu.c: kvm_mmu_invpcid_gva()",))
class Without(Era):
    """A guest with shadow page tables and CR0.PG = 0 made the host call NULL (I-17, CVE-2022-1789)."""

    def invpcid_calls_a_missing_hook(self) -> bool:
        """Yes."""
        return True
