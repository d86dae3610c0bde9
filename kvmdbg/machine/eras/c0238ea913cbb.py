"""0238ea913cbb: vmcs12 has the value of the preemption timer."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.era import Era


@commit("0238ea913cbb", order=20130305, first="v3.10", date="2013-03",
        subject="KVM: nVMX: Add preemption timer support",
        touches=("vmx.c: struct vmcs12",), read="memory")
class Without(Era):
    """L1's VMREAD and VMWRITE of it failed."""

    def vmcs12_has(self, encoding: int) -> bool:
        """No."""
        return encoding != F.VMX_PREEMPTION_TIMER_VALUE and super().vmcs12_has(encoding)
