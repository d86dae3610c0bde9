"""host save."""

from __future__ import annotations

from kvm_support import Machine, of
from kvmdbg.machine.kvm.events import Ioctl


def test_it_keeps_the_state_and_changes_nothing_for_the_guest() -> None:
    m = Machine().start()
    events = m.host("save")
    assert [(event.name, event.result) for event in of(events, Ioctl)] == [("KVM_GET_*", "ok")]
    assert m.vcpu.saved_state is not None and m.vcpu.guest_mode
    m.run("nop")
    assert m.vcpu.guest_mode
