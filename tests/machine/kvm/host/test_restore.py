"""host restore."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.events import Ioctl, VcpuReset


def test_without_a_save_there_is_nothing_to_restore() -> None:
    m = Machine()
    m.run("nop")
    end = m.kvm.tape.end
    with pytest.raises(UserError):
        m.host("restore")
    assert m.kvm.tape.end == end


def test_a_state_can_be_restored_again_and_again() -> None:
    m = Machine().start()
    m.host("save")
    for _ in range(2):
        events = m.host("restore")
        assert [event.by for event in of(events, VcpuReset)] == ["a new VM"]
        assert [event.result for event in of(events, Ioctl)] == ["ok"]
        m.run("nop", "vmcall")
        assert not m.vcpu.guest_mode
