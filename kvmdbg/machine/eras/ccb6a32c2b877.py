"""cb6a32c2b877: a triple fault of L2 that KVM finds is an exit to L1."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("cb6a32c2b877", order=20210311, first="v5.13", date="2021-03",
        subject="KVM: x86: Handle triple fault in L2 without killing L1",
        touches=("x86.c: vcpu_enter_guest()", "nested.c: nested_vmx_triple_fault()"), read="memory")
class Without(Era):
    """It ended the whole VM."""

    def triple_faults_of_l2_are_l1s(self) -> bool:
        """No."""
        return False
