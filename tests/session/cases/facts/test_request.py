"""Flush requests that a step makes."""

from __future__ import annotations

import pytest

from casework import WITH_VPID, observe
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.fact import check

EARLIER = {"last_vpid": 0}


def test_a_new_vpid12_asks_for_a_guest_flush() -> None:
    (step,) = observe("L1: vmlaunch", given={**WITH_VPID, **EARLIER})
    assert check(step, "request", "TLB_FLUSH_GUEST") == ""
    assert check(step, "request", "none") == "TLB_FLUSH_GUEST by nested_vmx_transition_tlb_flush"


def test_the_same_vpid12_asks_for_nothing() -> None:
    (step,) = observe("L1: vmlaunch", given={**WITH_VPID, "last_vpid": 1})
    assert check(step, "request", "none") == "" and check(step, "request", "TLB_FLUSH_GUEST") == "none"


def test_every_request_counts() -> None:
    (step,) = observe("L1: vmlaunch", given=WITH_VPID)      # vmcs02 is new to the processor as well
    assert check(step, "request", "TLB_FLUSH_GUEST") == (
        "TLB_FLUSH by vmx_vcpu_load_vmcs, TLB_FLUSH_GUEST by nested_vmx_transition_tlb_flush")


def test_an_unknown_request_is_unsupported() -> None:
    (step,) = observe("L1: nop")
    assert check(step, "request", "none (nothing at all)") == ""
    with pytest.raises(Unsupported, match="^request: TEA$"):
        check(step, "request", "TEA")
