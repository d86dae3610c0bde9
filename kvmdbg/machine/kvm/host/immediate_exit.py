"""host immediate-exit: user space calls KVM_RUN only to let KVM finish what it has to do before the guest runs."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.kvm_vcpu_events import RUN
from kvmdbg.machine.kvm.run import kvm_arch_vcpu_ioctl_run
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.user_space import leave_kvm_run, returned


@host_event("immediate-exit", source="x86.c: kvm_arch_vcpu_ioctl_run(); 460df4c1fc7c")
def happen(kvm: Kvm, vcpu: Vcpu) -> None:
    """KVM_RUN with kvm_run->immediate_exit: it returns -EINTR before the guest is entered."""
    if not kvm.era.has_immediate_exit():
        raise UserError(f"{kvm.era.name} has no kvm_run->immediate_exit", "It came with v4.11.")
    leave_kvm_run(kvm, vcpu)
    if vcpu.todo[:1] == (RUN,):
        kvm_arch_vcpu_ioctl_run(kvm, vcpu)
    returned(kvm, vcpu, "KVM_RUN", "EINTR")
