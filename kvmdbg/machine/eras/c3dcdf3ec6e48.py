"""3dcdf3ec6e48: L1 may leave MOV to and from CR3 without an exit."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import RequiredControls


@commit("3dcdf3ec6e48", order=20140603, first="v3.17", date="2014-06",
        subject="KVM: nVMX: Allow to disable CR3 access interception",
        touches=("vmx.c: nested_vmx_setup_ctls_msrs()",), needs=("560b7ee12ca5", "3dbcd8da7b56"), read="memory")
class Without(Era):
    """Both exits were among the default1 bits that had to be 1."""

    def controls_required_of_l1(self) -> RequiredControls:
        """CR3-load and CR3-store exiting too."""
        return super().controls_required_of_l1()._replace(cpu=0x0401_E172)
