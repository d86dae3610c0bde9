"""d6174299365d: EFER.LME is a role bit."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.controls import EFER_NXE
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.control_registers import Aftermath


@commit("d6174299365d", order=20220208, first="v5.18", date="2022-02",
        subject="KVM: x86: Reinitialize context if host userspace toggles EFER.LME",
        touches=("x86.c: set_efer()",),
        read="memory")
class Without(Era):
    """Only NX reset the MMU."""

    def efer_aftermath(self, old: int, new: int) -> Aftermath:
        """NX."""
        return Aftermath(reset=bool((old ^ new) & EFER_NXE))
