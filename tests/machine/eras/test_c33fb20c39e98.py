"""33fb20c39e98: L1 must set the default1 bits of its VM-exit and VM-entry controls."""

from __future__ import annotations

import pytest

from kvm_support import VMCS, Machine, results
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12

BEFORE, AFTER = "33fb20c39e98^", "33fb20c39e98"
BITS = 0x3_6DFB


@pytest.mark.parametrize(("name", "result"), [(BEFORE, []), (AFTER, ["vmlaunch 7"])])
def test_a_vmcs12_without_a_default1_exit_control(name: str, result: list[str]) -> None:
    m = Machine(name).given_vmx().given_l2(eptp=None, vpid=None)
    m.run(f"vmptrld {VMCS:#x}")
    controls = vmcs12.get(m.kvm, m.vcpu, F.VM_EXIT_CONTROLS) & ~BITS
    m.run(f"vmwrite VM_EXIT_CONTROLS, {controls:#x}")
    assert results(m.run("vmlaunch")) == result
