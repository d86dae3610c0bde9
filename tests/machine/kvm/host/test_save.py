"""host save."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.events import Ioctl


def test_it_keeps_the_state_and_changes_nothing_for_the_guest() -> None:
    m = Machine().start()
    events = m.host("save")
    assert [(event.name, event.result) for event in of(events, Ioctl)] == [("KVM_GET_*", "ok")]
    assert m.vcpu.saved_state is not None and m.vcpu.guest_mode
    m.run("nop")
    assert m.vcpu.guest_mode


def test_vmx_operation_that_the_kernel_cannot_save_is_refused_with_nothing_changed() -> None:
    m = Machine("v4.4").given_vmx()
    m.run("nop")
    end = m.kvm.tape.end
    with pytest.raises(UserError, match="no KVM_GET_NESTED_STATE"):
        m.host("save")
    assert m.kvm.tape.end == end and m.vcpu.todo == ("guest",)
