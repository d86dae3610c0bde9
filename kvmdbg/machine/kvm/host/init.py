"""host init: another processor of the VM sends the vCPU an INIT."""

from __future__ import annotations

from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.lapic import kvm_apic_accept_events
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.user_space import leave_kvm_run


@host_event("init", source="lapic.c: kvm_apic_accept_events(); x86.c: kvm_vcpu_reset(); kvm.md D")
def happen(kvm: Kvm, vcpu: Vcpu) -> None:
    """INIT: the vCPU, the boot processor, goes on in real mode at the reset vector; in L2 it is a VM exit to L1.

    In SMM, and in VMX root operation since v5.4, it waits until RSM or VMXOFF, and behind a VMLAUNCH until L2 has run.
    """
    refuse(kvm, vcpu)
    leave_kvm_run(kvm, vcpu)
    kvm.events(vcpu).init_pending = True
    kvm_make_request(kvm, vcpu, "EVENT", "__apic_accept_irq")
    kvm_apic_accept_events(kvm, vcpu)


def refuse(kvm: Kvm, vcpu: Vcpu) -> None:
    """Where INIT does what the model cannot show."""
    if not kvm.era.init_acts_at_once():
        raise Unsupported(f"INIT on {kvm.era.name} waits for a SIPI before it does anything: the VM has no processor to send one",
                          "66450a21f996 (v3.10) changed that; `host reset` is the reset by user space.")
    if vcpu.guest_mode and not kvm.era.init_waits_for_vmxoff():
        raise Unsupported(f"INIT in L2 on {kvm.era.name} is not modelled: before 4b9852f4f389 (v5.4) it reset vmcs02",
                          "Let L2 exit to L1 first.")
    if vcpu.exit_to_user:
        raise UserError(f"host init: vcpu{vcpu.id}'s KVM_RUN has returned to user space: {vcpu.exit_to_user}", "Use `host reset`.")
