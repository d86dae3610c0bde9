"""efebf0aaec3d: no flush at a transition between levels that the processor tells apart."""

from __future__ import annotations

from typing import Any

import pytest

from kvm_support import V4_4
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.nested import (
    HOOK_VPID01,
    HOOK_VPID02,
    MAKE_REQUEST,
    NO_FLUSH,
    SYNC_VPID02,
    Transition,
)

BEFORE, AFTER = "efebf0aaec3d^", "efebf0aaec3d"


SAME = Transition(entry=True, enable_ept=True, enable_vpid=True, has_vpid12=True, vpid12=1, last_vpid=1, vpid02=2)


@pytest.mark.parametrize(("changes", "act", "values", "remembered"), [
    ({}, NO_FLUSH, "last_vpid 1 == vpid12 1", False), ({"vpid12": 2}, HOOK_VPID02, "last_vpid 1 != vpid12 2", True),
    ({"vpid12": 0, "last_vpid": 0}, NO_FLUSH, "last_vpid 0 == vpid12 0", False),
    ({"has_vpid12": False}, HOOK_VPID01, "vmcs12 VPID off, vpid02 2", False),
    ({"vpid02": 0}, HOOK_VPID01, "vmcs12 VPID on, vpid02 0", False),
    ({"entry": False}, HOOK_VPID01, "every exit, whatever vmcs12 says", False),
    ({"enable_vpid": False, "vpid12": 2}, NO_FLUSH, "enable_vpid=0: VM entry flushes VPID 0", False)])
def test_the_flush_at_a_transition_of_v4_4(changes: dict[str, Any], act: str, values: str, remembered: bool) -> None:
    """E.2, row E15."""
    flush = kernel(V4_4).transition_flush(SAME._replace(**changes))
    assert (flush.act, flush.values, flush.remember_vpid12) == (act, values, remembered)


@pytest.mark.parametrize(("changes", "before", "after"), [
    ({"entry": False}, MAKE_REQUEST, NO_FLUSH), ({"vpid02": 0}, MAKE_REQUEST, NO_FLUSH), ({"vpid12": 2}, SYNC_VPID02, SYNC_VPID02),
    ({"has_vpid12": False}, MAKE_REQUEST, MAKE_REQUEST)])
def test_what_it_changed(changes: dict[str, Any], before: str, after: str) -> None:
    assert [kernel(name).transition_flush(SAME._replace(**changes)).act for name in (BEFORE, AFTER)] == [before, after]
