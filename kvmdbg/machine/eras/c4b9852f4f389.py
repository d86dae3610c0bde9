"""4b9852f4f389: INIT in VMX operation waits for VMXOFF, and in L2 is a VM exit."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("4b9852f4f389", order=20190820, first="v5.4", date="2019-08",
        subject="KVM: x86: Fix INIT signal handling in various CPU states",
        touches=("vmx.c: vmx_apic_init_signal_blocked()", "nested.c: vmx_check_nested_events()",))
class Without(Era):
    """INIT in VMX operation reset the vCPU, in L2 too."""

    def init_waits_for_vmxoff(self) -> bool:
        """No."""
        return False
