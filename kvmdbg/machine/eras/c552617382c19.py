"""552617382c19: CR4.PCIDE no longer resets the MMU."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.controls import CR4_PCIDE
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.control_registers import Aftermath


@commit("552617382c19", order=20211012, first="v5.16", date="2021-09",
        subject="KVM: X86: Don't reset mmu context when X86_CR4_PCIDE 1->0",
        touches=("x86.c: kvm_post_set_cr4()",))
class Without(Era):
    """PCIDE 1 -> 0 reset it; 0 -> 1 was not noticed, though a cached root could be taken for another's."""

    def cr4_aftermath(self, old: int, new: int, tdp: bool) -> Aftermath:
        """Only 1 -> 0, and by a reset."""
        if old & ~new & CR4_PCIDE:
            return Aftermath(reset=True)
        return super().cr4_aftermath(old & ~CR4_PCIDE, new & ~CR4_PCIDE, tdp)
