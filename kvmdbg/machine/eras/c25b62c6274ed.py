"""25b62c6274ed: without EPT INVVPID of L1 frees the roots of L2 only."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import FREE_EVERY_ROOT


@commit("25b62c6274ed", order=20210614, first="v5.14", date="2021-06",
        subject="KVM: nVMX: Free only guest_mode (L2) roots on INVVPID w/o EPT",
        touches=("nested.c: handle_invvpid()", "mmu.c: kvm_mmu_free_guest_mode_roots()"))
class Without(Era):
    """It freed L1's own as well."""

    def invvpid_frees_roots(self) -> str:
        """Every root."""
        return FREE_EVERY_ROOT
