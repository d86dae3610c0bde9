"""908a7bdd6adb: I/O of L2 is L1's affair only where vmcs12 asks for it."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("908a7bdd6adb", order=20130210, first="v3.10", date="2013-02",
        subject="KVM: nVMX: Improve I/O exit handling",
        touches=("vmx.c: nested_vmx_exit_handled_io()",),
        read="memory")
class Without(Era):
    """Each I/O exit of L2 went to L1."""

    def l1_wants_every_io_exit(self) -> bool:
        """Its bitmaps were not looked at."""
        return True
