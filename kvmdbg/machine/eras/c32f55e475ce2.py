"""32f55e475ce2: an entry exits at once only for a nested event that L0 must inject (I-27)."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("32f55e475ce2", order=20240610, first="v6.11", date="2024-06",
        subject="KVM: nVMX: Request immediate exit iff pending nested event needs injection",
        touches=("nested.c: vmx_has_nested_events()", "x86.c: kvm_check_and_inject_events()",))
class Without(Era):
    """Every nested event made the entry exit at once.

    All that were known then needed it: to no effect, until 321ef62b0c5f adds one that does not.
    """

    def immediate_exit_for_any_nested_event(self) -> bool:
        """Yes."""
        return True
