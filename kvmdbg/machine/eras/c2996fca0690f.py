"""2996fca0690f: L1 may keep the debug controls out of its transitions."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import RequiredControls


@commit("2996fca0690f", order=20140604, first="v3.17", date="2014-06",
        subject="KVM: nVMX: Allow to disable VM_{ENTRY_LOAD,EXIT_SAVE}_DEBUG_CONTROLS",
        touches=("vmx.c: nested_vmx_setup_ctls_msrs()",), needs=("33fb20c39e98", "3dbcd8da7b56"), read="memory")
class Without(Era):
    """Loading and saving them were among the default1 bits that had to be 1."""

    def controls_required_of_l1(self) -> RequiredControls:
        """The two debug controls too."""
        return super().controls_required_of_l1()._replace(exit=0x3_6DFF, entry=0x11FF)
