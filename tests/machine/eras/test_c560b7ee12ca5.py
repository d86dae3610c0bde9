"""560b7ee12ca5: L1 must set the default1 bits of its primary controls."""

from __future__ import annotations

import pytest

from kvm_support import VMCS, Machine, results
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12

BEFORE, AFTER = "560b7ee12ca5^", "560b7ee12ca5"
BITS = 0x0400_6172


@pytest.mark.parametrize(("name", "result"), [(BEFORE, []), (AFTER, ["vmlaunch 7"])])
def test_a_vmcs12_without_a_default1_primary_control(name: str, result: list[str]) -> None:
    m = Machine(name).given_vmx().given_l2(eptp=None, vpid=None)
    m.run(f"vmptrld {VMCS:#x}")
    controls = vmcs12.get(m.kvm, m.vcpu, F.CPU_BASED_VM_EXEC_CONTROL) & ~BITS
    m.run(f"vmwrite CPU_BASED_VM_EXEC_CONTROL, {controls:#x}")
    assert results(m.run("vmlaunch")) == result
