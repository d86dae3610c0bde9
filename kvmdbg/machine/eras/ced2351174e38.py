"""ed2351174e38: user space saves and restores a pending triple fault."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("ed2351174e38", order=20220602, first="v6.0", date="2022-06",
        subject="KVM: x86: Extend KVM_{G,S}ET_VCPU_EVENTS to support pending triple fault",
        touches=("x86.c: kvm_vcpu_ioctl_x86_set_vcpu_events()",), read="memory")
class Without(Era):
    """A triple fault that was pending when a vCPU was saved was lost."""

    def has_triple_fault_event(self) -> bool:
        """No."""
        return False
