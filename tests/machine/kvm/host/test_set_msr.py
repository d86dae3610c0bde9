"""host set-msr."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.events import Ioctl


def test_user_space_writes_what_the_guest_may_not() -> None:
    m = Machine()
    m.run("nop")
    assert [event.result for event in of(m.host("set-msr IA32_FEATURE_CONTROL 1"), Ioctl)] == ["ok"]
    m.run("rdmsr IA32_FEATURE_CONTROL")
    assert m.cpu.rax == 1


@pytest.mark.parametrize(("name", "vmxon"), [("v6.12", False), ("v4.3", False), ("b3897a49e22f", True)])
def test_zero_in_feature_control_ends_vmx_operation(name: str, vmxon: bool) -> None:
    """Since cae501397a25."""
    m = Machine(name).given_vmx()
    m.host("set-msr IA32_FEATURE_CONTROL 0")
    assert m.vcpu.vmxon is vmxon is not m.kvm.era.user_space_can_leave_vmx()


def test_the_counter_of_a_restored_guest_leaves_the_adjust_register() -> None:
    m = Machine()
    m.run("nop")
    m.host("set-msr IA32_TIME_STAMP_COUNTER 0x1000")
    m.run("rdmsr IA32_TSC_ADJUST")
    assert m.cpu.rax == 0
    m.run("rdtsc")
    assert m.cpu.rax == 0x1001
    m.host("set-msr IA32_TSC_ADJUST 5")
    m.run("rdmsr IA32_TSC_ADJUST", "rdtsc")
    assert m.cpu.rax == 0x1002


def test_what_does_not_go() -> None:
    m = Machine()
    m.run("nop")
    assert [event.result for event in of(m.host("set-msr IA32_PAT 2"), Ioctl)] == ["0 of 1 set"]
    with pytest.raises(UserError, match="IA32_VMX_BASIC is chosen with the machine"):
        m.host("set-msr IA32_VMX_BASIC 0")
