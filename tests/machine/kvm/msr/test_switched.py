"""Registers that KVM switches itself."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.machine.hw.msr.misc_enable import MISC_ENABLE_RESET
from kvmdbg.machine.kvm.events import ExceptionInjected


@pytest.mark.parametrize("name", ["IA32_STAR", "IA32_LSTAR", "IA32_CSTAR", "IA32_FMASK", "IA32_KERNEL_GS_BASE", "IA32_TSC_AUX"])
def test_l1_and_l2_share_them(name: str) -> None:
    m = Machine().given_vmx().given_l2(MSR_BITMAP=0x9000, CPU_BASED_VM_EXEC_CONTROL=0x9400_6172 | 1 << 31)
    m.run(f"wrmsr {name}, 0x77")
    m.enter()
    m.run(f"rdmsr {name}")
    assert m.cpu.rax == 0x77
    m.run(f"wrmsr {name}, 0x78", "vmcall", f"rdmsr {name}")
    assert m.cpu.rax == 0x78


@pytest.mark.parametrize("text", ["wrmsr IA32_LSTAR, 0x8000000000000000", "wrmsr IA32_FMASK, 0x100000000",
                                  "wrmsr IA32_MISC_ENABLE, 0"])
def test_what_they_refuse(text: str) -> None:
    m = Machine()
    assert [event.vector for event in of(m.run(text), ExceptionInjected)] == ["#GP"]
    m.run("rdmsr IA32_MISC_ENABLE")
    assert m.cpu.rax == MISC_ENABLE_RESET
