"""cbf712792b6e: VMPTRLD of the VMXON region has an error number of its own."""

from __future__ import annotations

import pytest

from kvm_support import VMCS, VMXON_REGION, Machine, results


@pytest.mark.parametrize(("name", "error"), [("v4.3", 3), ("v4.4", 3), ("cbf712792b6e", 10), ("v4.15", 10), ("v6.12", 10)])
def test_the_number(name: str, error: int) -> None:
    m = Machine(name).given_vmx().given_l2(VMCS, vpid=None)
    m.run(f"vmptrld {VMCS:#x}")
    assert results(m.run(f"vmptrld {VMXON_REGION:#x}")) == [f"vmptrld {error}"]
