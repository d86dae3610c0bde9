"""e6c67d8cf117: a virtual interrupt wakes a halted L2."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("e6c67d8cf117", order=20180911, first="v4.19", date="2018-09",
        subject="KVM: nVMX: Wake blocked vCPU in guest-mode if pending interrupt in virtual APICv",
        touches=("vmx.c: vmx_guest_apic_has_interrupt()", "x86.c: kvm_vcpu_has_events()",), needs=("608406e290cf",))
class Without(Era):
    """A halted L2 slept on with a virtual interrupt requested."""

    def virtual_interrupts_wake(self) -> bool:
        """No."""
        return False
