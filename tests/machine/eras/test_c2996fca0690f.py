"""2996fca0690f: L1 may keep the debug controls out of its transitions."""

from __future__ import annotations

import pytest

from kvm_support import VMCS, Machine, results
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12

BEFORE, AFTER = "2996fca0690f^", "2996fca0690f"
BITS = 1 << 2


@pytest.mark.parametrize(("name", "result"), [(BEFORE, ["vmlaunch 7"]), (AFTER, [])])
def test_a_vmcs12_that_loads_no_debug_controls(name: str, result: list[str]) -> None:
    m = Machine(name).given_vmx().given_l2(eptp=None, vpid=None)
    m.run(f"vmptrld {VMCS:#x}")
    controls = vmcs12.get(m.kvm, m.vcpu, F.VM_ENTRY_CONTROLS) & ~BITS
    m.run(f"vmwrite VM_ENTRY_CONTROLS, {controls:#x}")
    assert results(m.run("vmlaunch")) == result
