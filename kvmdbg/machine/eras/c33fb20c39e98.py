"""33fb20c39e98: L1 must set the default1 bits of its VM-exit and VM-entry controls."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import RequiredControls


@commit("33fb20c39e98", order=20130411, first="v3.10", date="2013-04",
        subject="KVM: nVMX: Fix content of MSR_IA32_VMX_ENTRY/EXIT_CTLS",
        touches=("vmx.c: nested_vmx_setup_ctls_msrs()",), read="memory")
class Without(Era):
    """None had to be 1."""

    def controls_required_of_l1(self) -> RequiredControls:
        """No VM-exit or VM-entry control."""
        return super().controls_required_of_l1()._replace(exit=0, entry=0)
