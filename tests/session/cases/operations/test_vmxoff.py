"""vmxoff."""

from __future__ import annotations

from casework import observe


def test_l1_leaves_vmx_operation() -> None:
    steps = observe("L1: vmxoff", "L1: vmread VPID")
    assert steps[0].seen.kind == "VMsucceed" and not steps[0].vcpu.vmxon
    assert (steps[1].seen.kind, steps[1].seen.vector) == ("fault", "#UD")


def test_l2_exits() -> None:
    assert observe("L2: vmxoff")[0].seen.reason == 26
