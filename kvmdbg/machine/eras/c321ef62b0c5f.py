"""321ef62b0c5f: a requested virtual interrupt is a nested event."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("321ef62b0c5f", order=20240612, first="v6.11", date="2024-06",
        subject="KVM: nVMX: Fold requested virtual interrupt check into has_nested_events()",
        touches=("nested.c: vmx_has_nested_events()", "vmx.c: vmx_guest_apic_has_interrupt()",),
        needs=("e6c67d8cf117",))
class Without(Era):
    """x86.c asked by a hook of its own, and took virtual interrupts for enabled where L1 intercepts interrupts."""

    def nested_events_include_virtual_interrupts(self) -> bool:
        """No."""
        return False
