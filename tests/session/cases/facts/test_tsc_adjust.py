"""tsc_adjust."""

from __future__ import annotations

from casework import observe
from kvmdbg.session.cases.fact import check


def test_as_a_bound_and_as_a_number() -> None:
    (step,) = observe("L1: wrmsr TSC now - (1 << 32)")
    assert check(step, "tsc_adjust", "<= -(1 << 32)") == "" and check(step, "tsc_adjust", ">= 0") != ""
    (step,) = observe("L1: wrmsr TSC_ADJUST 7")
    assert check(step, "tsc_adjust", 7) == "" and check(step, "tsc_adjust", 8) == "0x7"
