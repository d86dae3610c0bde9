"""560b7ee12ca5: L1 must set the default1 bits of its primary controls."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import RequiredControls


@commit("560b7ee12ca5", order=20140601, first="v3.17", date="2014-06",
        subject="KVM: nVMX: Fix returned value of MSR_IA32_VMX_PROCBASED_CTLS",
        touches=("vmx.c: nested_vmx_setup_ctls_msrs()",), read="memory")
class Without(Era):
    """None had to be 1."""

    def controls_required_of_l1(self) -> RequiredControls:
        """No primary control."""
        return super().controls_required_of_l1()._replace(cpu=0)
