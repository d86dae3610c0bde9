"""45e11817d570: L1 is offered single-context INVEPT (again)."""

from __future__ import annotations

from kvm_support import V4_4, V6_12, Machine, results
from kvmdbg.machine.eras.versions import kernel

BEFORE = "v6.12 -45e11817d570"


def test_the_question() -> None:
    assert [kernel(name).nested_invept_types() for name in (V4_4, BEFORE, V6_12)] == [(2,), (2,), (1, 2)]


def test_single_context_invept_of_l1() -> None:
    found = []
    for name in (BEFORE, V6_12):
        m = Machine(name).start()
        m.run("vmcall")
        found += results(m.run("invept single-context 0x1001e"))
    assert found == ["invept 28", "invept ok"]
