"""66450a21f996: INIT resets a vCPU at once."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("66450a21f996", order=20130310, first="v3.10", date="2013-03",
        subject="KVM: x86: Rework INIT and SIPI handling",
        touches=("lapic.c: kvm_apic_accept_events()", "lapic.c: __apic_accept_irq()",), read="memory")
class Without(Era):
    """INIT put a vCPU to sleep until the SIPI, and then it was reset."""

    def init_acts_at_once(self) -> bool:
        """No."""
        return False
