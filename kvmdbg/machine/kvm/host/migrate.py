"""host migrate: the scheduler moves the vCPU's thread to another processor."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.host_interrupt import leave_guest, on_processor
from kvmdbg.machine.kvm.host_operands import PROCESSOR, processor_of
from kvmdbg.machine.kvm.sched import kvm_sched_out
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@host_event("migrate", operands=(PROCESSOR,), source="vmx.c: vmx_vcpu_load_vmcs(); kvm.md D")
def happen(kvm: Kvm, vcpu: Vcpu, cpu: int) -> None:
    """The vCPU's thread goes on, on another processor, whose TLB may hold what it left there; the old one's keeps what it has."""
    processor_of(kvm, "migrate", cpu)
    if vcpu.next_cpu == cpu:
        raise UserError(f"host migrate: vcpu{vcpu.id} is on pcpu{cpu} already", "`host preempt` takes it off and back.")
    if on_processor(vcpu):
        leave_guest(kvm, vcpu, "migrate")
        kvm_sched_out(kvm, vcpu)
        vcpu.todo = ("vcpu_load", *vcpu.todo)
    vcpu.next_cpu = cpu
