"""ee1fa209f5e5: a fault that L1 gets syncs the address first."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("ee1fa209f5e5", order=20200407, first="v5.8", date="2020-04",
        subject="KVM: x86: Sync SPTEs when injecting page/EPT fault into L1",
        touches=("x86.c: kvm_inject_emulated_page_fault()",))
class Without(Era):
    """L1 got the violation while EPT02 kept what it had; until an INVEPT or a root load the repair could go unseen."""

    def syncs_the_faulting_address(self) -> bool:
        """No."""
        return False
