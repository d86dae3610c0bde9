"""63aff65573d7: vpid02 lives from VMXON to VMXOFF."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("63aff65573d7", order=20180710, first="v4.18", date="2018-07", subject="kvm: x86: vmx: fix vpid leak",
        touches=("vmx.c: vmx_create_vcpu()", "vmx.c: enter_vmx_operation()"), read="memory")
class Without(Era):
    """Each vCPU took a second VPID when it was created, gave it back at VMXOFF and used it on all the same (I-28)."""

    def vpid02_lives_from_vmxon(self) -> bool:
        """No."""
        return False
