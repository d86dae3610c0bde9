"""VMsucceed and the kinds of VMfail, with the flags that go with them."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.session.cases.fact import Observed, check, check_outcome


def one(step: str) -> Observed:
    return observe(step)[-1]


@pytest.mark.parametrize(("step", "seen"), [
    ("L1: vmread VPID", "VMsucceed"), ("L1: vmread field=~0", "VMfailValid"), ("L1: vmxon region | 1", "VMfailInvalid")])
def test_each_step_has_one_outcome(step: str, seen: str) -> None:
    observed = one(step)
    for name in ("VMsucceed", "VMfailValid", "VMfailInvalid"):
        assert (check_outcome(observed, name) == "") == (name == seen)
    assert (check_outcome(observed, "VMfail") == "") == (seen != "VMsucceed")


def test_flags_must_go_with_the_outcome() -> None:
    observed = one("L1: vmread VPID")
    wrong = observed._replace(operations=(observed.last._replace(flags=0x42),))
    assert check_outcome(wrong, "VMsucceed") == "VMsucceed, but with flags 0x40"


def test_error_numbers() -> None:
    observed = one("L1: vmread field=~0")
    assert check(observed, "error", 12) == "" and check(observed, "error", 13) == "0xc"
    assert check(observed, "error_one_of", [12, 13]) == ""
    assert check(observed, "error_one_of", [7, 8]) == "VMfailValid, error 12"
    assert check(one("L1: vmread VPID"), "error", 12) == "VMsucceed"
