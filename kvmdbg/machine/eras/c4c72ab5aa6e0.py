"""4c72ab5aa6e0: INIT keeps CR0.CD and CR0.NW."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("4c72ab5aa6e0", order=20210722, first="v5.15", date="2021-07",
        subject="KVM: x86: Preserve guest's CR0.CD/NW on INIT",
        touches=("x86.c: kvm_vcpu_reset()",))
class Without(Era):
    """INIT set CR0.CD and CR0.NW, as a reset does."""

    def init_keeps_cd_and_nw(self) -> bool:
        """No."""
        return False
