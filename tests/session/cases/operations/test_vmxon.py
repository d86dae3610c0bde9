"""vmxon."""

from __future__ import annotations

import pytest

from casework import observe

OUTSIDE = {"vmx": "not entered"}


@pytest.mark.parametrize(("operand", "kind"), [
    ("", "VMsucceed"), (" region of 4K with the right revision", "VMsucceed"), (" revision ^ 2", "VMfailInvalid"),
    (" revision | 1 << 31", "VMfailInvalid"), (" 1 << MAXPHYADDR", "VMfailInvalid"), (" region | 0xff", "VMfailInvalid"),
])
def test_the_region_decides(operand: str, kind: str) -> None:
    (step,) = observe(f"L1: vmxon{operand}", given=OUTSIDE)
    assert step.seen.kind == kind


def test_a_second_one_fails() -> None:
    steps = observe("L1: vmxon", "L1: vmxon", given=OUTSIDE)
    assert steps[1].seen.kind == "VMfailInvalid"          # there is no current VMCS to hold error 15
