"""host init: another processor of the VM sends the vCPU an INIT."""

from __future__ import annotations

from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.hw.controls import EXIT_REASON_INIT_SIGNAL
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.nested import nested_vmx_vmexit
from kvmdbg.machine.kvm.reset import kvm_vcpu_init
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.user_space import leave_kvm_run


@host_event("init", source="lapic.c: kvm_apic_accept_events(); x86.c: kvm_vcpu_reset(); kvm.md D")
def happen(kvm: Kvm, vcpu: Vcpu) -> None:
    """INIT: the vCPU, the boot processor, goes on in real mode at the reset vector; in L2 it is a VM exit to L1."""
    refuse(kvm, vcpu)
    leave_kvm_run(kvm, vcpu)
    if vcpu.guest_mode:
        nested_vmx_vmexit(kvm, vcpu, EXIT_REASON_INIT_SIGNAL, 0, intr_info=0)
    else:
        kvm_vcpu_init(kvm, vcpu)


def refuse(kvm: Kvm, vcpu: Vcpu) -> None:
    """Where INIT does what the model cannot show."""
    if not kvm.era.init_acts_at_once():
        raise Unsupported(f"INIT on {kvm.era.name} waits for a SIPI before it does anything: the VM has no processor to send one",
                          "66450a21f996 (v3.10) changed that; `host reset` is the reset by user space.")
    if vcpu.guest_mode and not kvm.era.init_waits_for_vmxoff():
        raise Unsupported(f"INIT in L2 on {kvm.era.name} is not modelled: before 4b9852f4f389 (v5.4) it reset vmcs02",
                          "Let L2 exit to L1 first.")
    if vcpu.vmxon and not vcpu.guest_mode and kvm.era.init_waits_for_vmxoff():
        raise UserError(f"host init: vcpu{vcpu.id}'s L1 is in VMX operation, where INIT waits until VMXOFF",
                        "`inject vmxoff` first (vmx.c: vmx_apic_init_signal_blocked()).")
    if vcpu.smm:
        raise UserError(f"host init: vcpu{vcpu.id} is in system-management mode, which blocks INIT", "`inject rsm` ends it.")
    if vcpu.exit_to_user:
        raise UserError(f"host init: vcpu{vcpu.id}'s KVM_RUN has returned to user space: {vcpu.exit_to_user}", "Use `host reset`.")
    if vcpu.guest_mode and vcpu.nested_run_pending and vcpu.todo != ("guest",):
        raise UserError(f"host init: vcpu{vcpu.id} has to enter L2 first: nested_run_pending", "Use `until vmentry` first.")
