"""Mainline's answers about nested VMX."""

from __future__ import annotations

from typing import Any

import pytest

from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import MAKE_REQUEST, NO_FLUSH, Transition

MAINLINE = Era()
SAME_VPID12 = Transition(entry=True, enable_ept=True, enable_vpid=True, has_vpid12=True, vpid12=1, last_vpid=1, vpid02=2)


@pytest.mark.parametrize(("changes", "act", "request_name", "values", "remembered"), [
    ({}, NO_FLUSH, "", "last_vpid 1 == vpid12 1; enable_ept=1: L2 has its own EPTP", False),
    ({"vpid12": 2}, MAKE_REQUEST, "TLB_FLUSH_GUEST", "vpid12 2 != last_vpid 1", True),
    ({"vpid12": 2, "entry": False}, NO_FLUSH, "", "vmcs12 enables VPID; enable_ept=1: L2 has its own EPTP", False),
    ({"has_vpid12": False}, MAKE_REQUEST, "TLB_FLUSH_GUEST", "vmcs12 does not enable VPID", False),
    ({"has_vpid12": False, "entry": False}, MAKE_REQUEST, "TLB_FLUSH_GUEST", "vmcs12 does not enable VPID", False),
    ({"has_vpid12": False, "enable_vpid": False}, MAKE_REQUEST, "TLB_FLUSH_GUEST", "vmcs12 does not enable VPID", False),
    ({"vpid02": 0}, NO_FLUSH, "", "last_vpid 1 == vpid12 1; enable_ept=1: L2 has its own EPTP", False),
    ({"enable_ept": False}, NO_FLUSH, "", "last_vpid 1 == vpid12 1; vpid02 2", False),
    ({"enable_ept": False, "vpid02": 0}, MAKE_REQUEST, "TLB_FLUSH_CURRENT", "enable_ept=0 and no vpid02", False),
])
def test_the_flush_at_a_transition_of_v6_12(changes: dict[str, Any], act: str, request_name: str, values: str,
                                            remembered: bool) -> None:
    """E.2, row E24."""
    flush = MAINLINE.transition_flush(SAME_VPID12._replace(**changes))
    assert (flush.act, flush.request, flush.values, flush.remember_vpid12) == (act, request_name, values, remembered)


@pytest.mark.parametrize(("has_vpid12", "vpid02", "chosen"), [(True, 2, 2), (True, 0, 1), (False, 2, 1)])
def test_the_vpid_of_vmcs02(has_vpid12: bool, vpid02: int, chosen: int) -> None:
    assert MAINLINE.vmcs02_vpid(has_vpid12, 1, vpid02) == chosen


@pytest.mark.parametrize(("enable_vpid", "types"), [(True, (0, 1, 2, 3)), (False, ())])
def test_invvpid_is_offered_with_vpid(enable_vpid: bool, types: tuple[int, ...]) -> None:
    assert MAINLINE.nested_invvpid_types(enable_vpid) == types
    assert MAINLINE.offers_vpid_to_l1(enable_vpid) == enable_vpid
