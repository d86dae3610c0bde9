"""5f3d5799974b: a cancelled entry of L2 keeps what it injects in vmcs02."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("5f3d5799974b", order=20130405, first="v3.10", date="2013-04",
        subject="KVM: nVMX: Rework event injection and recovery",
        touches=("vmx.c: vmx_complete_interrupts()", "vmx.c: vmx_cancel_injection()"), read="memory")
class Without(Era):
    """vmx_complete_interrupts() and vmx_cancel_injection() did nothing while L2 was active."""

    def recovers_injection_into_l2(self) -> bool:
        """No."""
        return False
