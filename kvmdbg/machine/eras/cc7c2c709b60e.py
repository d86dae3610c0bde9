"""c7c2c709b60e: a vmcs12 with CR3-target values is refused: L1 is offered none."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("c7c2c709b60e", order=20170220, first="v4.12", date="2017-02",
        subject="kvm: nVMX: Validate CR3 target count on nested VM-entry",
        touches=("vmx.c: check_vmentry_prereqs()",))
class Without(Era):
    """Up to four of them were taken as they were."""

    def checks_cr3_target_count(self) -> bool:
        """No."""
        return False
