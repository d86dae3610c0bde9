"""KVM_REQ_EVENT."""

from __future__ import annotations

from events_support import rounds
from kvm_support import Machine, of, served
from kvmdbg.machine.hw.events import Delivered
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.user_space import leave_kvm_run
from kvmdbg.machine.kvm.x86 import kvm_queue_exception


def test_a_queued_exception_is_injected_after_every_other_request() -> None:
    m = Machine()
    m.run("nop")
    leave_kvm_run(m.kvm, m.vcpu)
    kvm_queue_exception(m.kvm, m.vcpu, "#GP")
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH", "a test")
    events = rounds(m)[1]
    assert served(events) == ["TLB_FLUSH", "EVENT"]
    assert of(events, Delivered) == [Delivered(0, 13, 3, 0)]
    assert m.stat("req_event") == 1


def test_without_anything_to_inject_it_does_nothing() -> None:
    m = Machine()
    m.run("nop")
    kvm_make_request(m.kvm, m.vcpu, "EVENT", "a test")
    assert of(m.run("cpuid"), Delivered) == []
