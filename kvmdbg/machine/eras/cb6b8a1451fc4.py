"""b6b8a1451fc4: events of L1 are looked at before any is injected."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("b6b8a1451fc4", order=20140301, first="v3.15", date="2014-03",
        subject="KVM: nVMX: Rework interception of IRQs and NMIs",
        touches=("x86.c: inject_pending_event()", "vmx.c: vmx_check_nested_events()"),
        needs=("730dca42c1d3", "5f3d5799974b", "ea8ceb8354e2"))
class Without(Era):
    """vmx_interrupt_allowed() and vmx_nmi_allowed() made L2 exit themselves."""

    def checks_nested_events(self) -> bool:
        """No."""
        return False
