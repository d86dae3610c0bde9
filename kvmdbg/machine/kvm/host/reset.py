"""host reset: user space resets the vCPU, as for a reset of the whole machine."""

from __future__ import annotations

from kvmdbg.errors import Unsupported
from kvmdbg.machine.kvm.errno import OK
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.reset import user_space_reset
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.user_space import leave_kvm_run, returned


@host_event("reset", source="x86.c: __set_sregs(); vmx.c: vmx_set_msr(), IA32_FEATURE_CONTROL; kvm.md D")
def happen(kvm: Kvm, vcpu: Vcpu) -> None:
    """User space gives the vCPU the registers of power-on: real mode at the reset vector, out of L2 and of VMX operation."""
    if vcpu.guest_mode and not kvm.era.user_space_can_leave_vmx():
        raise Unsupported(f"a reset in L2 on {kvm.era.name} is not modelled: until cae501397a25 user space could not end L2",
                          "Let L2 exit to L1 first.")
    leave_kvm_run(kvm, vcpu)
    user_space_reset(kvm, vcpu)
    returned(kvm, vcpu, "KVM_SET_SREGS", OK)
