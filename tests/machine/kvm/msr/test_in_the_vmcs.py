"""Registers that are fields of the VMCS."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.machine.kvm.events import ExceptionInjected


@pytest.mark.parametrize(("name", "value"), [("IA32_SYSENTER_CS", 8), ("IA32_SYSENTER_ESP", 0x9000), ("IA32_SYSENTER_EIP", 0x1000),
                                             ("IA32_FS_BASE", 0x12_3456), ("IA32_GS_BASE", 0xFFFF_8000_0000_0000)])
def test_l2_has_its_own(name: str, value: int) -> None:
    m = Machine().given_vmx().given_l2(MSR_BITMAP=0x9000, CPU_BASED_VM_EXEC_CONTROL=0x9400_6172 | 1 << 31)
    m.enter()
    assert not of(m.run(f"wrmsr {name}, {value:#x}", f"rdmsr {name}"), ExceptionInjected)
    assert m.cpu.rax == value
    m.run("vmcall", f"rdmsr {name}")
    assert m.cpu.rax == 0


def test_addresses_must_be_canonical() -> None:
    m = Machine()
    assert [event.vector for event in of(m.run("wrmsr IA32_GS_BASE, 0x8000000000000000"), ExceptionInjected)] == ["#GP"]
