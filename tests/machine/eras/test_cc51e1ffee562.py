"""c51e1ffee562: an L2 that shares L1's tag owes a flush of the current context only."""

from __future__ import annotations

from typing import Any

import pytest

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.nested import MAKE_REQUEST, NO_FLUSH, SYNC_VPID02, Transition

BEFORE, AFTER = "c51e1ffee562^", "c51e1ffee562"


@pytest.mark.parametrize(("changes", "before", "after"), [
    ({}, (NO_FLUSH, ""), (NO_FLUSH, "")), ({"vpid12": 2}, (SYNC_VPID02, ""), (SYNC_VPID02, "")),
    ({"vpid12": 2, "entry": False}, (NO_FLUSH, ""), (NO_FLUSH, "")),
    ({"has_vpid12": False}, (MAKE_REQUEST, "TLB_FLUSH"), (MAKE_REQUEST, "TLB_FLUSH")),
    ({"has_vpid12": False, "entry": False}, (MAKE_REQUEST, "TLB_FLUSH"), (MAKE_REQUEST, "TLB_FLUSH")),
    ({"enable_ept": False, "vpid02": 0}, (MAKE_REQUEST, "TLB_FLUSH"), (MAKE_REQUEST, "TLB_FLUSH_CURRENT")),
    ({"enable_vpid": False, "has_vpid12": False}, (NO_FLUSH, ""), (NO_FLUSH, ""))])
def test_the_flush_at_a_transition(changes: dict[str, Any], before: tuple[str, str], after: tuple[str, str]) -> None:
    """E.2, rows v4.20-v5.7, E20 and E20+."""
    same = Transition(entry=True, enable_ept=True, enable_vpid=True, has_vpid12=True, vpid12=1, last_vpid=1, vpid02=2)
    t = same._replace(**changes)
    for name, expected in (("v5.7", before), (BEFORE, before), (AFTER, after), ("v5.10", after)):
        flush = kernel(name).transition_flush(t)
        assert (flush.act, flush.request) == expected
