"""5499ea73e7db: a cached root is looked for when a guest comes from 32-bit to 64-bit mode."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("5499ea73e7db", order=20220209, first="v5.18", date="2022-02",
        subject="KVM: x86/mmu: look for a cached PGD when going from 32-bit to 64-bit",
        touches=("mmu.c: fast_pgd_switch()",))
class Without(Era):
    """The current root was freed, and none was current then."""

    def looks_for_a_root_after_a_pae_one(self) -> bool:
        """No."""
        return False
