"""host restore: user space makes the VM anew and gives its vCPU what `host save` has saved."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.migration import vcpu_load_state
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.user_space import leave_kvm_run, returned


@host_event("restore", source="x86.c: KVM_SET_SREGS, KVM_SET_VCPU_EVENTS, KVM_SET_NESTED_STATE and their relatives")
def happen(kvm: Kvm, vcpu: Vcpu) -> None:
    """A new VM with the same memory, and a vCPU with the state that was saved last: new VPIDs, VMCSs and page tables."""
    state = vcpu.saved_state
    if state is None:
        raise UserError(f"host restore: nothing of vcpu{vcpu.id} has been saved", "`host save` first.")
    leave_kvm_run(kvm, vcpu)
    returned(kvm, vcpu, "KVM_SET_*", vcpu_load_state(kvm, vcpu, state))
