"""IA32_FEATURE_CONTROL of a guest."""

from __future__ import annotations

import pytest

from kvm_support import VMXON_REGION, Machine, of, results
from kvmdbg.machine.hw.vmcs import VMCS_REVISION
from kvmdbg.machine.kvm.events import ExceptionInjected
from kvmdbg.machine.kvm.guest_msr import keep
from kvmdbg.machine.kvm.vmx_msrs import kvm_set_msr

NUMBER = 0x3A


def unlocked(name: str = "v6.12", **config: bool) -> Machine:
    m = Machine(name, **config)
    m.poke(VMXON_REGION, VMCS_REVISION)
    m.run("nop")
    keep(m.kvm, m.vcpu, NUMBER, 0)
    return m


def test_it_is_locked_for_the_guest_and_not_for_user_space() -> None:
    m = Machine()
    assert [event.vector for event in of(m.run("wrmsr IA32_FEATURE_CONTROL, 5"), ExceptionInjected)] == ["#GP"]
    assert kvm_set_msr(m.kvm, m.vcpu, NUMBER, 1, host_initiated=True)
    m.run("rdmsr IA32_FEATURE_CONTROL")
    assert m.cpu.rax == 1


@pytest.mark.parametrize(("value", "vmxon"), [(0, []), (4, []), (1, []), (5, ["vmxon ok"]), (7, ["vmxon ok"])])
def test_vmxon_asks_for_both_bits(value: int, vmxon: list[str]) -> None:
    m = unlocked()
    events = m.run(f"wrmsr IA32_FEATURE_CONTROL, {value}", f"vmxon {VMXON_REGION:#x}")
    assert results(events) == vmxon and [event.vector for event in of(events, ExceptionInjected)] == ["#GP"] * (not vmxon)


def test_without_nesting_only_the_lock_is_there() -> None:
    m = unlocked(nested=False)
    events = m.run("wrmsr IA32_FEATURE_CONTROL, 5", "wrmsr IA32_FEATURE_CONTROL, 1")
    assert [event.vector for event in of(events, ExceptionInjected)] == ["#GP"]
