"""The VMX capability MSRs of L1."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.machine.hw.controls import SEC_ENABLE_VPID
from kvmdbg.machine.kvm.events import ExceptionInjected
from kvmdbg.machine.kvm.vmcs12 import VMCS12_REVISION


@pytest.mark.parametrize(("name", "vpid"), [("v4.3", False), ("v6.12", True)])
def test_l1_reads_what_its_virtual_processor_offers(name: str, vpid: bool) -> None:
    m = Machine(name)
    m.run("rdmsr IA32_VMX_PROCBASED_CTLS2")
    assert bool(m.cpu.rax >> 32 & SEC_ENABLE_VPID) is vpid
    m.run("rdmsr IA32_VMX_BASIC")
    assert m.cpu.rax & 0x7FFF_FFFF == VMCS12_REVISION
    refused = of(m.run("wrmsr IA32_VMX_BASIC, 0", "rdmsr IA32_VMX_VMFUNC"), ExceptionInjected)
    assert [event.vector for event in refused] == ["#GP"] * (1 if vpid else 2)      # VM functions came to L1 with v4.14


def test_l2_reads_them_too_where_l1_lets_it() -> None:
    m = Machine().given_vmx().given_l2(MSR_BITMAP=0x9000, CPU_BASED_VM_EXEC_CONTROL=0x9400_6172 | 1 << 31)
    m.enter()
    m.run("rdmsr IA32_VMX_BASIC")
    assert m.cpu.rax & 0x7FFF_FFFF == VMCS12_REVISION


def test_without_nesting_there_are_none() -> None:
    m = Machine(nested=False)
    assert [event.vector for event in of(m.run("rdmsr IA32_VMX_BASIC"), ExceptionInjected)] == ["#GP"]
