"""The catalogue of facts and what they look at."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.errors import Unsupported
from kvmdbg.machine.kvm.events import NestedFailed, NestedSucceeded
from kvmdbg.session.cases.fact import KEYS, OUTCOMES, check, check_outcome, kind_is, same_number


def test_an_observed_step_gives_its_own_events_only() -> None:
    first, second = observe("L1: vmread field=~0", "L1: vmread VPID")
    assert [type(event) for event in first.events(NestedFailed, NestedSucceeded)] == [NestedFailed]
    assert [type(event) for event in second.events(NestedFailed, NestedSucceeded)] == [NestedSucceeded]


def test_comparisons_give_nothing_or_what_was_seen() -> None:
    (step,) = observe("L1: vmread field=~0")
    assert kind_is(step, "VMfailValid", "VMfailInvalid") == ""
    assert kind_is(step, "VMsucceed") == "VMfailValid, error 12"
    assert same_number(step, 12, 12) == "" and same_number(step, 12, "N+12") == "" and same_number(step, 28, 12) == "0x1c"


def test_check_goes_by_name() -> None:
    (step,) = observe("L1: vmread field=~0")
    assert check(step, "outcome", "VMfailValid") == "" and check(step, "error", 12) == ""
    assert check(step, "error", 28) == "0xc"
    with pytest.raises(Unsupported, match="^colour: no key that the runner compares$"):
        check(step, "colour", "red")
    with pytest.raises(Unsupported, match="^svm_exit: AMD is not modelled$"):
        check_outcome(step, "svm_exit")


def test_the_drawer_is_full() -> None:
    assert set(OUTCOMES.names()) >= {"VMsucceed", "VMfailValid", "VMfailInvalid", "VMfail", "fault", "runs", "no_fault",
                                     "vmexit", "entered", "entry_failure", "controls_ok", "ok", "EINVAL"}
    assert len(KEYS) >= 25


@pytest.mark.parametrize(("key", "wanted", "seen"), [
    ("bits_9_1", 0x11, ""), ("bits_9_1", 0x12, "0x11"), ("bit_1", 1, ""), ("bits_3_0", "1 << 1", ""), ("bit_63", 0, "")])
def test_bits_of_what_was_read(key: str, wanted: int | str, seen: str) -> None:
    (observed,) = observe("L1: vmwrite EXC_BITMAP 0x22; vmread EXC_BITMAP")
    assert check(observed, key, wanted) == seen


def test_bits_of_nothing() -> None:
    (observed,) = observe("L1: vmptrld A")
    assert check(observed, "bits_9_1", 0).startswith("no number is read")
