"""b3897a49e22f: IA32_FEATURE_CONTROL of a guest."""

from __future__ import annotations

import pytest

from kvm_support import VMXON_REGION, Machine, results
from kvmdbg.machine.hw.vmcs import VMCS_REVISION
from kvmdbg.machine.kvm.guest_msr import keep


@pytest.mark.parametrize(("name", "value", "result"), [("v3.2", 0, ["vmxon ok"]), ("b3897a49e22f^", 0, ["vmxon ok"]),
                                                       ("b3897a49e22f", 1, []), ("v4.3", 1, [])])
def test_vmxon_looks_at_it(name: str, value: int, result: list[str]) -> None:
    m = Machine(name)
    m.poke(VMXON_REGION, VMCS_REVISION)
    m.run("nop")
    keep(m.kvm, m.vcpu, 0x3A, 1)
    m.run("rdmsr IA32_FEATURE_CONTROL")
    assert m.cpu.rax == value
    assert results(m.run(f"vmxon {VMXON_REGION:#x}")) == result
