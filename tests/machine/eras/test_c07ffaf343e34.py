"""07ffaf343e34: a transition of an L2 without VPID is a flush for the guest, which gets KVM_REQ_TLB_FLUSH_GUEST for a name."""

from __future__ import annotations

from typing import Any

import pytest

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.nested import MAKE_REQUEST, NO_FLUSH, SYNC_VPID02, Transition

BEFORE, AFTER = "07ffaf343e34^", "07ffaf343e34"


SAME = Transition(entry=True, enable_ept=True, enable_vpid=True, has_vpid12=True, vpid12=1, last_vpid=1, vpid02=2)


@pytest.mark.parametrize(("name", "called"), [(BEFORE, "HV_TLB_FLUSH"), (AFTER, "TLB_FLUSH_GUEST")])
def test_its_name(name: str, called: str) -> None:
    assert kernel(name).request_bits()[called] == 35
    assert called in kernel(name).request_flags()
    assert called in kernel(name).service_order()


@pytest.mark.parametrize(("changes", "before", "after"), [
    ({}, (NO_FLUSH, ""), (NO_FLUSH, "")), ({"vpid12": 2}, (SYNC_VPID02, ""), (SYNC_VPID02, "")),
    ({"has_vpid12": False}, (MAKE_REQUEST, "TLB_FLUSH"), (MAKE_REQUEST, "TLB_FLUSH_GUEST")),
    ({"has_vpid12": False, "entry": False}, (MAKE_REQUEST, "TLB_FLUSH"), (MAKE_REQUEST, "TLB_FLUSH_GUEST")),
    ({"has_vpid12": False, "enable_vpid": False}, (NO_FLUSH, ""), (MAKE_REQUEST, "TLB_FLUSH_GUEST")),
    ({"enable_ept": False, "vpid02": 0}, (MAKE_REQUEST, "TLB_FLUSH_CURRENT"), (MAKE_REQUEST, "TLB_FLUSH_CURRENT"))])
def test_the_flush_at_a_transition(changes: dict[str, Any], before: tuple[str, str], after: tuple[str, str]) -> None:
    """E.2, rows E20+ and E21."""
    t = SAME._replace(**changes)
    for name, expected in ((BEFORE, before), ("v5.10", before), (AFTER, after), ("v5.14", after)):
        flush = kernel(name).transition_flush(t)
        assert (flush.act, flush.request) == expected


def test_the_skips_of_a_nested_cr3_load() -> None:
    assert [kernel(BEFORE).nested_switch_skips(ept, has) for ept in (False, True) for has in (False, True)] == [
        (True, False), (True, True), (True, True), (True, True)]
    assert kernel(AFTER).nested_switch_skips(False, False) == (True, True)
