"""The counter of a guest."""

from __future__ import annotations

import pytest

from kvm_support import Machine, exits, of
from kvmdbg.machine.hw.controls import CPU_TSC_OFFSETTING
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.events import ExceptionInjected
from kvmdbg.machine.kvm.msr.tsc import kvm_read_l1_tsc, l1_tsc_offset

OFFSET = (1 << 64) - (1 << 48)
FAR = 1 << 32


def with_l2(name: str = "v6.12", uses: bool = True) -> Machine:
    m = Machine(name).given_vmx().given_l2(
        MSR_BITMAP=0x9000, CPU_BASED_VM_EXEC_CONTROL=0x9400_6172 | 1 << 31 | (CPU_TSC_OFFSETTING if uses else 0), TSC_OFFSET=OFFSET)
    m.enter()
    return m


def test_l1s_counter_starts_with_the_machine_and_is_read_without_an_exit() -> None:
    m = Machine()
    assert exits(m.run("rdtsc")) == [] and m.cpu.rax == 1
    m.run("rdmsr IA32_TIME_STAMP_COUNTER", "rdtsc")
    assert m.cpu.rax == 3


@pytest.mark.parametrize("name", ["v4.3", "v6.12"])
def test_a_write_moves_the_offset_and_the_adjust_register(name: str) -> None:
    m = Machine(name)
    m.run(f"wrmsr IA32_TIME_STAMP_COUNTER, {FAR:#x}", "rdtsc")
    assert m.cpu.rax == FAR + 1 and l1_tsc_offset(m.kvm, m.vcpu) == FAR - 1
    m.run("rdmsr IA32_TSC_ADJUST")
    assert m.cpu.rax == FAR - 1
    m.run("wrmsr IA32_TSC_ADJUST, 0", "rdtsc")
    assert m.cpu.rax == 3


@pytest.mark.parametrize("uses", [True, False])
def test_l2_has_vmcs12s_offset_on_top(uses: bool) -> None:
    m = with_l2(uses=uses)
    m.run("rdtsc")
    assert m.cpu.rax == (OFFSET if uses else 0) + 1
    assert m.vmcs02(F.TSC_OFFSET) == (OFFSET if uses else 0)
    m.run("vmcall", "rdtsc")
    assert m.cpu.rax == 2


def test_what_l2_writes_is_l1s_counter() -> None:
    m = with_l2()
    m.run(f"wrmsr IA32_TIME_STAMP_COUNTER, {FAR:#x}", "rdtsc")
    assert m.cpu.rax == FAR + OFFSET + 1
    assert kvm_read_l1_tsc(m.kvm, m.vcpu) == FAR + 2
    m.run("rdmsr IA32_TSC_ADJUST")
    assert m.cpu.rax == FAR - 1
    m.run("vmcall", "rdtsc")
    assert m.cpu.rax == FAR + 3


@pytest.mark.parametrize(("name", "vectors"), [("v3.2", ["#GP", "#GP"]), ("v4.3", [])])
def test_the_adjust_register_came_with_v3_8(name: str, vectors: list[str]) -> None:
    m = Machine(name)
    assert [event.vector for event in of(m.run("rdmsr IA32_TSC_ADJUST", "wrmsr IA32_TSC_ADJUST, 5"), ExceptionInjected)] == vectors
