"""587d7e72aedc: VMCLEAR of an address without memory is harmless."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("587d7e72aedc", order=20170317, first="v4.12", date="2017-03",
        subject="kvm: nVMX: VMCLEAR should not cause the vCPU to shut down",
        touches=("vmx.c: handle_vmclear()",))
class Without(Era):
    """The vCPU got a triple fault."""

    def vmclear_spares_the_vcpu(self) -> bool:
        """No."""
        return False
