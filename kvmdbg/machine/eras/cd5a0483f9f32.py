"""d5a0483f9f32: the vCPU statistic guest_mode."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("d5a0483f9f32", order=20210608, first="v5.14", date="2021-06",
        subject="KVM: nVMX: nSVM: Add a new VCPU statistic to show if VCPU is in guest mode",
        touches=("kvm_cache_regs.h: enter_guest_mode()",))
class Without(Era):
    """No such statistic."""

    def shows_guest_mode(self) -> bool:
        """No."""
        return False
