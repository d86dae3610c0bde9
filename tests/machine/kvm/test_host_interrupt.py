"""The host takes a thread out of its guest."""

from __future__ import annotations

import pytest

from kvm_support import Machine, exits
from kvmdbg.errors import UserError
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


def test_no_interrupt_comes_in_the_shadow_of_sti_before_there_is_an_instruction() -> None:
    m = Machine()
    m.run("sti")
    end = m.kvm.tape.end
    with pytest.raises(UserError, match="in the shadow of STI"):
        leave_guest(m.kvm, m.vcpu, "test")
    assert m.kvm.tape.end == end
    m.program("nop")
    leave_guest(m.kvm, m.vcpu, "test")
    assert m.vcpu.todo == ("handle_exit",) and not m.vcpu.program
