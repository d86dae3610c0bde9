"""a547c6db4d2f: the exit acknowledges the host's interrupt."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("a547c6db4d2f", order=20130404, first="v3.10", date="2013-04",
        subject="KVM: VMX: Enable acknowledge interupt on vmexit",
        touches=("vmx.c: setup_vmcs_config()", "vmx.c: vmx_handle_external_intr()"), read="memory")
class Without(Era):
    """The interrupt waited until interrupts were on again."""

    def acknowledges_interrupts_on_exit(self) -> bool:
        """No."""
        return False
