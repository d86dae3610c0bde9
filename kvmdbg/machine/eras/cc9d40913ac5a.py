"""c9d40913ac5a: an event that finds another in its way makes the entry exit at once."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("c9d40913ac5a", order=20200501, first="v5.8", date="2020-05",
        subject="KVM: x86: enable event window in inject_pending_event",
        touches=("x86.c: inject_pending_event()", "vmx.c: vmx_interrupt_allowed()"),
        needs=("b6b8a1451fc4", "1a680e355c94", "bfcf83b1444d"), read="memory",
        series="KVM: nVMX: Preserve exception priority irrespective of exiting behavior, of the same month")
class Without(Era):
    """It waited for a window of the guest."""

    def second_event_is_urgent(self) -> bool:
        """No."""
        return False

    def exceptions_of_l2_come_first(self) -> bool:
        """An NMI for L1 could come before an exception that L2 gets itself."""
        return False
