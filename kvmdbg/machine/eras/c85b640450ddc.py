"""85b640450ddc: a kick looks at the mode before it looks at the processor."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("85b640450ddc", order=20210930, first="v5.16", date="2021-09",
        subject="KVM: Clean up benign vcpu->cpu data races when kicking vCPUs",
        touches=("kvm_main.c: kvm_vcpu_kick()",), series="with aefdc2ed445e (v5.17), which does it without an atomic operation",
        read="memory")
class Without(Era):
    """kvm_vcpu_kick() on the vCPU's own processor did nothing but wake it."""

    def kick_changes_the_mode_here(self) -> bool:
        """No."""
        return False
