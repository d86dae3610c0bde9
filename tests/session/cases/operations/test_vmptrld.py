"""vmptrld."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.session.cases import binding


@pytest.mark.parametrize(("operand", "kind", "error"), [
    ("A", "VMsucceed", 0), ("B", "VMsucceed", 0), ("region + 1", "VMfailValid", 9), ("the VMXON region", "VMfailValid", 10),
    ("0x7000", "VMfailValid", 11),
])
def test_operands(operand: str, kind: str, error: int) -> None:
    (step,) = observe(f"L1: vmptrld {operand}")
    assert (step.seen.kind, step.seen.error) == (kind, error)


def test_another_region_becomes_current() -> None:
    (step,) = observe("L1: vmptrld B")
    assert step.vcpu.current_vmptr == binding.VMCS_B
