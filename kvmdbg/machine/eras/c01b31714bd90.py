"""01b31714bd90: with TDP a changed CR0.WP keeps the roots."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.controls import CR0_WP
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.control_registers import Aftermath


@commit("01b31714bd90", order=20230310, first="v6.4", date="2023-03",
        subject="KVM: x86: Do not unload MMU roots when only toggling CR0.WP with TDP enabled",
        touches=("x86.c: kvm_post_set_cr0()",),
        series="with its predecessor for paging off (e40bcf9f3a18)")
class Without(Era):
    """It reset the MMU, whose roots do not depend on it."""

    def cr0_aftermath(self, old: int, new: int, tdp: bool) -> Aftermath:
        """A role bit like PG."""
        if old ^ new == CR0_WP:
            return Aftermath(reset=True)
        return super().cr0_aftermath(old, new, tdp)
