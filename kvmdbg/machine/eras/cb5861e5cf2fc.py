"""b5861e5cf2fc: a nested entry looks again at what waits for a window of L1."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("b5861e5cf2fc", order=20180902, first="v4.19", date="2018-09",
        subject="KVM: nVMX: Fix loss of pending IRQ/NMI before entering L2",
        touches=("vmx.c: enter_vmx_non_root_mode()",), needs=("b6b8a1451fc4",), read="memory")
class Without(Era):
    """An event that waited for L1's window was looked at only when something else asked."""

    def evaluates_events_at_nested_entry(self) -> bool:
        """No."""
        return False
