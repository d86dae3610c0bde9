"""7055fb113116: a triple fault of L2 comes before all other nested events."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("7055fb113116", order=20220952, first="v6.1", date="2022-09",
        subject="KVM: x86: Treat pending TRIPLE_FAULT requests as pending exceptions",
        touches=("x86.c: kvm_check_nested_events()", "x86.h: kvm_is_exception_pending()"),
        needs=("cb6a32c2b877", "7709aba8f716"), read="memory")
class Without(Era):
    """Only the ladder of requests looked at a triple fault."""

    def triple_faults_are_nested_events(self) -> bool:
        """No."""
        return False
