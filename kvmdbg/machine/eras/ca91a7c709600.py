"""a91a7c709600: CR4.PGE no longer resets the MMU, it flushes the guest's view."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("a91a7c709600", order=20211010, first="v5.16", date="2021-10",
        subject="KVM: X86: Don't reset mmu context when toggling X86_CR4_PGE",
        touches=("x86.c: kvm_post_set_cr4()",), needs=("eeeb4f67a6cd",))
class Without(Era):
    """PGE was a role bit; the flush came from loading the new root."""

    def pge_is_a_role_bit(self) -> bool:
        """Yes."""
        return True

    def wp_change_resets_the_mmu(self) -> bool:
        """With CR0.WP as well; kvm.md D does not name the commit that ended it, so this one stands for it."""
        return True
