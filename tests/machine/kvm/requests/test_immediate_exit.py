"""KVM_REQ_IMMEDIATE_EXIT."""

from __future__ import annotations

from events_support import launched, rounds, story
from kvm_support import served


def test_it_is_served_in_the_round_after_the_one_that_made_it() -> None:
    m = launched("v3.2")
    m.host("irq 0x20")
    first = m.step_to("vmenter")
    assert "IMMEDIATE_EXIT" not in served(first) and "IMMEDIATE_EXIT" in m.pending()
    assert story(m.step()[1]) == ["cancel"]
    assert served(m.step()[1])[-1:] == ["IMMEDIATE_EXIT"]
    assert m.kvm.events(m.vcpu).immediate_exit
    rounds(m)
    assert not m.kvm.events(m.vcpu).immediate_exit
