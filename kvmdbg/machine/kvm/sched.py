"""A vCPU's thread leaves its processor and comes back, there or elsewhere (kvm_main.c: kvm_sched_out(); kvm.md D)."""

from __future__ import annotations

from kvmdbg.machine.kvm.events import ScheduledOut
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.steal_time import kvm_steal_time_set_preempted


def kvm_sched_out(kvm: Kvm, vcpu: Vcpu) -> None:
    """Something else runs on the processor.  Its TLB keeps what it has: nothing is flushed."""
    kvm.emit(ScheduledOut, vcpu.id, vcpu.cpu)
    kvm_arch_vcpu_put(kvm, vcpu)


def kvm_arch_vcpu_put(kvm: Kvm, vcpu: Vcpu) -> None:
    """x86.c: what the guest may know of it."""
    kvm_steal_time_set_preempted(kvm, vcpu)


def kvm_arch_vcpu_load(kvm: Kvm, vcpu: Vcpu, cpu: int) -> None:
    """x86.c: the vendor module loads the VMCS, which asks for a flush on a new processor; steal time waits for the next entry."""
    kvm.ops.vcpu_load(kvm, vcpu, cpu)
    kvm_make_request(kvm, vcpu, "STEAL_UPDATE", "kvm_arch_vcpu_load")
