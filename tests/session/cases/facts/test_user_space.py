"""What ioctls give user space."""

from __future__ import annotations

import pytest

from casework import verdict
from kvmdbg.session.cases.runner import FAIL, OK

OUTSIDE = {"vmx": "not entered"}
RESTORE = "host: set_nested_state default with flags 0"
READ = "host: get_nested_state"


@pytest.mark.parametrize(("step", "outcome", "status"), [
    (RESTORE, "ok", OK), (RESTORE, "EINVAL", FAIL), ("host: set_nested_state default with format 1", "EINVAL", OK),
    ("L1: nop", "ok", FAIL)])
def test_outcomes(step: str, outcome: str, status: str) -> None:
    assert verdict(step, expect=[{"step": 1, "outcome": outcome}], given=OUTSIDE).status == status


@pytest.mark.parametrize(("facts", "status"), [
    ({"vmxon_pa": 0x1000, "vmcs12_pa": 0x2000, "flags": 0}, OK), ({"vmxon_pa": "~0"}, FAIL), ({"vmcs12_pa": 1}, FAIL),
    ({"flags": 1}, FAIL)])
def test_the_state_that_was_read(facts: dict[str, object], status: str) -> None:
    assert verdict(RESTORE, READ, expect=[{"step": 2, **facts}], given=OUTSIDE).status == status


def test_all_ones() -> None:
    assert verdict("host: set_nested_state both ~0, flags 0", READ, given=OUTSIDE,
                   expect=[{"step": 2, "vmxon_pa": "~0", "vmcs12_pa": "~0", "flags": 0}]).status == OK
