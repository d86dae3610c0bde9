"""ba1f82456ba8: IA32_VMX_VMCS_ENUM of L1 is worked out."""

from __future__ import annotations

import pytest

from kvm_support import Machine


@pytest.mark.parametrize(("name", "value"), [
    ("v4.4", 0x2E), ("v5.14", 0x2E), ("v5.16", 0x32), ("v6.12", 0x32), ("v6.12 -ba1f82456ba8", 0x2E)])
def test_the_register(name: str, value: int) -> None:
    m = Machine(name)
    m.run("rdmsr IA32_VMX_VMCS_ENUM")
    assert m.cpu.rax == value
