"""d81135a57aa6: CR0.CD and CR0.NW no longer reset the MMU."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.controls import CR0_CD, CR0_NW
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.control_registers import Aftermath


@commit("d81135a57aa6", order=20150510, first="v4.2", date="2015-05",
        subject="KVM: x86: do not reset mmu if CR0.CD and CR0.NW are changed",
        touches=("x86.c: kvm_set_cr0()",))
class Without(Era):
    """They did, as PG and WP do."""

    def cr0_aftermath(self, old: int, new: int, tdp: bool) -> Aftermath:
        """CD and NW as well."""
        if (old ^ new) & (CR0_CD | CR0_NW):
            return Aftermath(reset=True)
        return super().cr0_aftermath(old, new, tdp)
