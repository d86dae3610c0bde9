"""The host takes a thread out of its guest."""

from __future__ import annotations

from kvm_support import Machine, exits
from kvmdbg.machine.kvm.host_interrupt import leave_guest, on_processor


def test_a_guest_is_left_by_an_interrupt_that_the_host_takes() -> None:
    m = Machine()
    assert not on_processor(m.vcpu)
    m.run("nop")
    start = m.kvm.tape.cursor
    leave_guest(m.kvm, m.vcpu, "test")
    assert exits(m.since(start)) == [1] and m.vcpu.todo == ("handle_exit",)
    assert m.kvm.hw.pending[0].irr == 0 and on_processor(m.vcpu)
    end = m.kvm.tape.end
    leave_guest(m.kvm, m.vcpu, "test")
    assert m.kvm.tape.end == end
