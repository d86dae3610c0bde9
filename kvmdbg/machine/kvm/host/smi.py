"""host smi: user space sends a system-management interrupt (KVM_SMI)."""

from __future__ import annotations

from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.restricted_guest import refuse_real_mode
from kvmdbg.machine.kvm.state import RUNNABLE, Kvm, Vcpu
from kvmdbg.machine.kvm.user_space import leave_kvm_run


@host_event("smi", source="x86.c: kvm_vcpu_ioctl_smi(), kvm_inject_smi(); smm.c")
def happen(kvm: Kvm, vcpu: Vcpu) -> None:
    """A system-management interrupt: the guest goes to its SMM handler at the next entry, and RSM brings it back."""
    if not kvm.era.has_smm():
        raise UserError(f"{kvm.era.name} gives its guests no system-management mode", "It came with v4.2.")
    if vcpu.guest_mode and not kvm.era.smi_leaves_guest_mode():
        raise Unsupported(f"an SMI in L2 on {kvm.era.name} is not modelled: before 72e9cbdb4338 (v4.15) its handler ran as L2",
                          "Let L2 exit to L1 first.")
    refuse_real_mode(kvm)
    leave_kvm_run(kvm, vcpu)
    vcpu.mp_state = RUNNABLE
    kvm_make_request(kvm, vcpu, "SMI", "kvm_inject_smi")
