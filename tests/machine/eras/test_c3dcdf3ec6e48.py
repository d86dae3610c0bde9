"""3dcdf3ec6e48: L1 may leave MOV to and from CR3 without an exit."""

from __future__ import annotations

import pytest

from kvm_support import VMCS, Machine, results
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12

BEFORE, AFTER = "3dcdf3ec6e48^", "3dcdf3ec6e48"
BITS = 1 << 15


@pytest.mark.parametrize(("name", "result"), [(BEFORE, ["vmlaunch 7"]), (AFTER, [])])
def test_a_vmcs12_that_lets_cr3_be_loaded(name: str, result: list[str]) -> None:
    m = Machine(name).given_vmx().given_l2(eptp=None, vpid=None)
    m.run(f"vmptrld {VMCS:#x}")
    controls = vmcs12.get(m.kvm, m.vcpu, F.CPU_BASED_VM_EXEC_CONTROL) & ~BITS
    m.run(f"vmwrite CPU_BASED_VM_EXEC_CONTROL, {controls:#x}")
    assert results(m.run("vmlaunch")) == result
