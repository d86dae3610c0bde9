"""KVM_REQ_GET_NESTED_STATE_PAGES."""

from __future__ import annotations

from kvm_support import Machine, served


def test_it_is_served_first() -> None:
    m = Machine("v5.10").start()
    m.host("nested-state save")
    m.host("nested-state restore")
    assert m.pending()[0] == "GET_NESTED_STATE_PAGES"
    assert served(m.run("nop"))[0] == "GET_NESTED_STATE_PAGES"
