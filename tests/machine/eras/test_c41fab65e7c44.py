"""41fab65e7c44: a root that is reused at a nested transition is synced only where L1 relies on it."""

from __future__ import annotations

import pytest

from kvm_support import Machine, made
from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "41fab65e7c44^", "41fab65e7c44"


def test_the_questions() -> None:
    found = [(kernel(name).nested_ept_switch_skips(), [kernel(name).nested_switch_skips(ept, has) for ept in (False, True)
                                                       for has in (False, True)]) for name in (BEFORE, AFTER)]
    assert found == [((False, False), [(False, False)] * 4), ((False, True), [(False, False), (False, True), (False, True),
                                                                             (False, True)])]


@pytest.mark.parametrize(("name", "asked"), [(BEFORE, ["LOAD_MMU_PGD", "MMU_SYNC", "TLB_FLUSH_CURRENT"]),
                                            (AFTER, ["LOAD_MMU_PGD", "TLB_FLUSH_CURRENT"])])
def test_a_nested_exit_to_a_cached_root(name: str, asked: list[str]) -> None:
    m = Machine(name).start()
    m.run("vmcall", "vmresume")
    assert made(m.run("vmcall")) == asked
