"""KVM_REQ_STEAL_UPDATE is served behind the flushes."""

from __future__ import annotations

from kvm_support import Machine, served
from kvmdbg.machine.kvm.events import StealTimeRecorded


def test_it_is_served_at_each_return_to_a_processor() -> None:
    m = Machine(cpus=2).given_vmx()
    m.host("steal-time 0x7000")
    m.host("migrate pcpu1")
    events = m.run("nop")
    assert served(events) == ["TLB_FLUSH", "STEAL_UPDATE"]
    assert StealTimeRecorded(0, False) in events
