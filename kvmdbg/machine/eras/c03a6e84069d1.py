"""03a6e84069d1: CR3 is 0 after INIT."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("03a6e84069d1", order=20210921, first="v5.16", date="2021-09",
        subject="KVM: x86: Clear KVM's cached guest CR3 at RESET/INIT",
        touches=("x86.c: kvm_vcpu_reset()",))
class Without(Era):
    """CR3 kept its value through INIT."""

    def init_clears_cr3(self) -> bool:
        """No."""
        return False
