"""a91a7c709600: CR4.PGE no longer resets the MMU, it flushes the guest's view."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.controls import CR4_PGE
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.control_registers import Aftermath


@commit("a91a7c709600", order=20211011, first="v5.16", date="2021-09",
        subject="KVM: X86: Don't reset mmu context when toggling X86_CR4_PGE",
        touches=("x86.c: kvm_post_set_cr4()",),
        needs=("07ffaf343e34",))
class Without(Era):
    """PGE was a role bit; the flush came from loading the new root."""

    def cr4_aftermath(self, old: int, new: int, tdp: bool) -> Aftermath:
        """PGE as well."""
        if (old ^ new) & CR4_PGE:
            return Aftermath(reset=True)
        return super().cr4_aftermath(old, new, tdp)
