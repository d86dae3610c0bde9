"""27c4fa42b11a: a posted interrupt wakes a halted L2."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("27c4fa42b11a", order=20240665, first="v6.11", date="2024-06",
        subject="KVM: nVMX: Check for pending posted interrupts when looking for nested events",
        touches=("nested.c: vmx_has_nested_events()",), read="memory")
class Without(Era):
    """Until the descriptor was looked at for another reason, nobody saw it."""

    def nested_events_include_posted_interrupts(self) -> bool:
        """No."""
        return False
