"""f4124500c2c1: vmcs12's preemption timer is a timer of KVM."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("f4124500c2c1", order=20140302, first="v3.15", date="2014-03",
        subject="KVM: nVMX: Fully emulate preemption timer",
        touches=("vmx.c: vmx_start_preemption_timer()", "vmx.c: vmx_check_nested_events()"), needs=("b6b8a1451fc4",))
class Without(Era):
    """L1 was offered none that the model knows: v3.10 to v3.14 gave it the processor's own."""

    def emulates_preemption_timer(self) -> bool:
        """No."""
        return False
