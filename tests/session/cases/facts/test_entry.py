"""How VMLAUNCH and VMRESUME end."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.session.cases.fact import check, check_outcome


def test_l2_runs() -> None:
    (step,) = observe("L1: vmlaunch")
    assert check_outcome(step, "entered") == "" and check_outcome(step, "entry_failure") == "an entry to L2"


def test_an_l2_that_calls_at_once_has_been_entered_too() -> None:
    (step,) = observe("L1: vmlaunch", given={"mode": "64-bit L2 that executes VMCALL at once"})
    assert check_outcome(step, "entered") == "" and check(step, "exit_reason", 18) == ""


def test_bad_guest_state_is_a_failed_entry_after_good_controls() -> None:
    (step,) = observe("L1: vmlaunch", given={"guest_rflags": "bit 1 is 0"})
    assert check_outcome(step, "controls_ok") == "" and check_outcome(step, "entry_failure") == ""
    assert check(step, "exit_reason", 0x8000_0021) == "" and check(step, "qualification", 0) == ""
    assert check_outcome(step, "entered").startswith("failed entry")


def test_bad_controls_are_no_failed_entry() -> None:
    steps = observe("L1: vmwrite CR3_TARGET_COUNT N+1", "L1: vmlaunch")
    assert check_outcome(steps[1], "controls_ok") == check_outcome(steps[1], "entry_failure") == "VMfailValid, error 7"


@pytest.mark.parametrize(("reason", "said"), [
    (0x8000_0022, ""), (0x8000_0029, "failed entry, exit reason 0x80000029, qualification 0x0")])
def test_a_list_of_msrs_is_loaded_behind_the_checks_and_no_other_failure_is(reason: int, said: str) -> None:
    (step,) = observe("L1: vmlaunch", given={"guest_rflags": "bit 1 is 0"})
    other = step._replace(operations=(step.last._replace(seen=step.seen._replace(exit_reason=reason)),))
    assert check_outcome(other, "controls_ok") == said
