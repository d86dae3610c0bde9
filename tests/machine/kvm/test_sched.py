"""A thread leaves a processor and comes to one."""

from __future__ import annotations

from kvm_support import Machine, made, names
from kvmdbg.machine.kvm.sched import kvm_arch_vcpu_load, kvm_arch_vcpu_put, kvm_sched_out


def test_leaving_flushes_nothing_and_coming_back_asks_for_an_update_of_steal_time() -> None:
    m = Machine().given_vmx()
    start = m.kvm.tape.cursor
    kvm_sched_out(m.kvm, m.vcpu)
    kvm_arch_vcpu_put(m.kvm, m.vcpu)
    kvm_arch_vcpu_load(m.kvm, m.vcpu, m.vcpu.cpu)
    events = m.since(start)
    assert names(events)[0] == "ScheduledOut" and "Invalidated" not in names(events)
    assert made(events) == ["STEAL_UPDATE"]
