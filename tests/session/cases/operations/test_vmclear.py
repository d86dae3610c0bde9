"""vmclear."""

from __future__ import annotations

import pytest

from casework import observe


@pytest.mark.parametrize(("operand", "kind", "error"), [
    ("region", "VMsucceed", 0), ("A", "VMsucceed", 0), ("B", "VMsucceed", 0), ("a valid region", "VMsucceed", 0),
    ("the current VMCS", "VMsucceed", 0), ("region + 1", "VMfailValid", 2), ("the VMXON region", "VMfailValid", 3),
    ("region | 1 << (MAXPHYADDR+1)", "VMfailValid", 2),
])
def test_operands(operand: str, kind: str, error: int) -> None:
    (step,) = observe(f"L1: vmclear {operand}")
    assert (step.seen.kind, step.seen.error) == (kind, error)
