"""host save: user space saves a vCPU whole, as before a live migration."""

from __future__ import annotations

from kvmdbg.machine.kvm.errno import OK
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.migration import can_be_saved, vcpu_save_state
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.user_space import leave_kvm_run, returned


@host_event("save", source="x86.c: KVM_GET_VCPU_EVENTS, KVM_GET_SREGS, KVM_GET_NESTED_STATE and their relatives")
def happen(kvm: Kvm, vcpu: Vcpu) -> None:
    """Registers, events and the state of nesting go to user space; the vCPU comes out of KVM_RUN for it."""
    can_be_saved(kvm, vcpu)
    leave_kvm_run(kvm, vcpu)
    vcpu.saved_state = vcpu_save_state(kvm, vcpu)
    returned(kvm, vcpu, "KVM_GET_*", OK)
