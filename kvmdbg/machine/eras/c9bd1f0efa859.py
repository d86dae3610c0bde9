"""9bd1f0efa859: a double or triple fault of L2 is not told to have come in a delivery."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("9bd1f0efa859", order=20220421, first="v5.19", date="2022-04",
        subject="KVM: nVMX: Clear IDT vectoring on nested VM-Exit for double/triple fault",
        touches=("nested.c: vmcs12_save_pending_event()",), read="memory")
class Without(Era):
    """vmcs12 told of the event whose delivery had led to the double fault."""

    def double_faults_hide_the_delivery(self) -> bool:
        """No."""
        return False
