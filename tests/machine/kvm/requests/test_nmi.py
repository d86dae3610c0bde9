"""KVM_REQ_NMI."""

from __future__ import annotations

from events_support import rounds, story
from kvm_support import Machine, served


def test_it_brings_nmis_in() -> None:
    m = Machine()
    m.run("nop")
    m.host("nmi")
    events = rounds(m)[1]
    assert served(events) == ["NMI", "EVENT"]
    assert story(events)[-1:] == ["deliver 0x2"]
