"""df37ed38e6c2: Every INIT flushes the guest's view."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("df37ed38e6c2", order=20210721, first="v5.15", date="2021-07",
        subject="KVM: x86: Flush the guest's TLB on INIT",
        touches=("x86.c: kvm_vcpu_reset()",))
class Without(Era):
    """INVVPID of vpid01 in vmx_vcpu_reset() was all."""

    def init_always_flushes(self) -> bool:
        """No."""
        return False
