"""host preempt: the scheduler runs something else on the vCPU's processor for a while."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.host_interrupt import leave_guest, on_processor
from kvmdbg.machine.kvm.sched import kvm_sched_out
from kvmdbg.machine.kvm.state import HALTED, Kvm, Vcpu


@host_event("preempt", source="kvm_main.c: kvm_sched_out(), kvm_sched_in(); kvm.md D, I-20")
def happen(kvm: Kvm, vcpu: Vcpu) -> None:
    """The vCPU's thread loses its processor, out of its guest if it is there, and waits; it comes back with its next action."""
    if not on_processor(vcpu) or vcpu.mp_state == HALTED:
        raise UserError(f"host preempt: vcpu{vcpu.id}'s thread is on no processor",
                        "It sleeps until an event comes." if vcpu.mp_state == HALTED else "It comes to one with its next action.")
    leave_guest(kvm, vcpu, "preempt")
    kvm_sched_out(kvm, vcpu)
    vcpu.todo = ("vcpu_load", *vcpu.todo)
