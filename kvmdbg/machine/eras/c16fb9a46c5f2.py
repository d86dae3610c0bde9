"""16fb9a46c5f2: L2's guest state is checked with vmcs02 loaded."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("16fb9a46c5f2", order=20180920, first="v4.20", date="2018-09",
        subject="KVM: nVMX: do early preparation of vmcs02 before check_vmentry_postreqs()",
        touches=("vmx.c: nested_vmx_run()",),
        read="memory")
class Without(Era):
    """nested_vmx_run() made all its checks before it entered guest mode."""

    def checks_guest_state_before_the_switch(self) -> bool:
        """Yes."""
        return True
