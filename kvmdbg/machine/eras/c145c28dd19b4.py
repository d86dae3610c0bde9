"""145c28dd19b4: VMXON in VMX operation fails."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("145c28dd19b4", order=20130420, first="v3.10", date="2013-04", subject="KVM: nVMX: Fix VMXON emulation",
        touches=("vmx.c: handle_vmon()",), read="memory")
class Without(Era):
    """It succeeded again, and the pool of vmcs02 was empty after it."""

    def refuses_a_second_vmxon(self) -> bool:
        """No."""
        return False
