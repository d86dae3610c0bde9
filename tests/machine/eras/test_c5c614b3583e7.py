"""5c614b3583e7: nested VPID."""

from __future__ import annotations

from typing import Any

import pytest

from kvm_support import V4_3, V4_4, Machine, entered, flushes
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.nested import HOOK_VPID01, NO_FLUSH, Transition

WITH = "v4.3 +5c614b3583e7"
SAME = Transition(entry=True, enable_ept=True, enable_vpid=True, has_vpid12=True, vpid12=1, last_vpid=1, vpid02=2)


def test_the_questions() -> None:
    eras = (kernel(V4_3), kernel(V4_4))
    assert [(era.offers_vpid_to_l1(True), era.has_vpid02(), era.vmcs02_vpid(True, 1, 2)) for era in eras] == [
        (False, False, 1), (True, True, 2)]
    assert [kernel(name).nested_invvpid_types(True) for name in (V4_3, WITH, V4_4)] == [(), (), (2,)]


@pytest.mark.parametrize(("changes", "act"), [({}, HOOK_VPID01), ({"entry": False}, HOOK_VPID01), ({"vpid12": 2}, HOOK_VPID01),
                                              ({"enable_vpid": False}, NO_FLUSH)])
def test_before_it_both_ways_flushed_vpid01(changes: dict[str, Any], act: str) -> None:
    flush = kernel(V4_3).transition_flush(SAME._replace(**changes))
    assert (flush.act, flush.remember_vpid12) == (act, False)


@pytest.mark.parametrize(("name", "vpid", "first"), [(V4_3, 1, "invvpid single-context 1"), (WITH, 2, "invvpid single-context 1"),
                                                    (V4_4, 2, "invvpid single-context 1")])
def test_the_second_entry_of_an_l2(name: str, vpid: int, first: str) -> None:
    """With it an unchanged vpid12 owes nothing to vpid02; the root load still flushes vpid01."""
    m = Machine(name).start()
    m.run("vmcall")
    events = m.run("vmresume")
    assert entered(events) == [vpid]
    assert flushes(events)[0] == first
    assert "invvpid single-context 2" not in flushes(events)
    assert len(flushes(events)) == (5 if name == V4_3 else 3)
