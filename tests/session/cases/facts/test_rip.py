"""rip: an address by name, an instruction further, or where it was."""

from __future__ import annotations

import pytest

from casework import verdict

EVENTS = {"caps": {"mtf": True}}


@pytest.mark.parametrize(("step", "status"), [("L1: cpuid", "ok"), ("L1: nop", "ok"), ("L1: load <unmapped>", "FAIL")])
def test_what_is_done_is_stepped_over(step: str, status: str) -> None:
    assert verdict(step, expect=[{"step": 1, "rip": "next instruction"}]).status == status


@pytest.mark.parametrize(("wanted", "status"), [("after the nop", "ok"), ("unchanged", "FAIL"), ("after the fall", "unsupported"),
                                                ("after the cpuid", "FAIL")])
def test_behind_an_instruction(wanted: str, status: str) -> None:
    expect = [{"step": 2, "outcome": "vmexit", "reason": 37, "rip": wanted}]
    assert verdict("L1: set MTF control; vmresume", "L2: nop", expect=expect, given=EVENTS).status == status


@pytest.mark.parametrize(("wanted", "status"), [("#UD handler", "ok"), ("#GP handler", "FAIL"), ("D", "FAIL")])
def test_a_handler(wanted: str, status: str) -> None:
    expect = [{"step": 2, "outcome": "vmexit", "reason": 37, "rip": wanted}]
    assert verdict("L1: set MTF control; vmresume", "L2: raise 6", expect=expect, given=EVENTS).status == status


def test_a_number_is_the_address_itself() -> None:
    assert verdict("L1: nop", expect=[{"step": 1, "rip": 7}]).status == "FAIL"
