"""1313cc2bd8f6: guest mode becomes part of the MMU role."""

from __future__ import annotations

from kvm_support import V6_12, Machine
from kvmdbg.machine.eras.versions import kernel

BEFORE = "v6.12 -1313cc2bd8f6"


def test_the_question() -> None:
    assert [kernel(name).guest_mode_is_in_the_role() for name in (BEFORE, V6_12)] == [False, True]


def test_an_l2_without_ept12_had_l1s_eptp() -> None:
    found = {}
    for name in (BEFORE, V6_12):
        m = Machine(name).given_vmx().given_l2(eptp=None)
        l1 = m.tag()
        m.enter()
        found[name] = m.tag() == l1
    assert found == {BEFORE: True, V6_12: False}
