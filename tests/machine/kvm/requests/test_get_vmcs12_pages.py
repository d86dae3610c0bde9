"""KVM_REQ_GET_VMCS12_PAGES."""

from __future__ import annotations

from kvm_support import Machine, served


def test_it_is_served_first() -> None:
    m = Machine("v5.8").start()
    m.host("nested-state save")
    m.host("nested-state restore")
    assert m.pending()[0] == "GET_VMCS12_PAGES"
    assert served(m.run("nop"))[0] == "GET_VMCS12_PAGES"
