"""b428018a06b7: RIP of L1 while L2 runs."""

from __future__ import annotations

import pytest

from kvm_support import Machine, results
from kvmdbg.machine.hw.controls import CPU_SECONDARY_CONTROLS, CPU_TPR_SHADOW
from kvmdbg.machine.hw.fields import F

VMLAUNCH_LENGTH = 3
BEFORE, AFTER = "b428018a06b7^", "b428018a06b7"


@pytest.mark.parametrize(("name", "moved"), [("v3.2", VMLAUNCH_LENGTH), ("v4.15", VMLAUNCH_LENGTH),
                                             (BEFORE, VMLAUNCH_LENGTH), (AFTER, 0), ("v6.12", 0)])
def test_vmcs01_has_the_rip_of_vmlaunch_or_of_what_follows_it(name: str, moved: int) -> None:
    m = Machine(name).given_vmx().given_l2(vpid=None, eptp=None)
    m.run("vmclear 0x5000", "vmptrld 0x5000")
    rip = m.cpu.rip
    m.run("vmlaunch")
    assert m.vcpu.guest_mode
    assert m.kvm.hw.vmcs[m.kvm.vmcs01(m.vcpu), F.GUEST_RIP] == rip + moved


@pytest.mark.parametrize("name", [BEFORE, AFTER])
def test_a_vmlaunch_that_fails_is_stepped_over_once(name: str) -> None:
    m = Machine(name).given_vmx().given_l2()
    m.enter()
    m.run("vmcall")
    rip = m.cpu.rip
    assert results(m.run("vmlaunch")) == ["vmlaunch 4"]
    assert m.cpu.rip - rip == VMLAUNCH_LENGTH


@pytest.mark.parametrize("name", [BEFORE, AFTER])
def test_one_that_the_processor_refuses_is_stepped_over_once(name: str) -> None:
    """vmcs12's virtual-APIC page is no memory, which KVM leaves to VM entry to find."""
    m = Machine(name).given_vmx().given_l2(CPU_BASED_VM_EXEC_CONTROL=CPU_SECONDARY_CONTROLS | CPU_TPR_SHADOW,
                                           VIRTUAL_APIC_PAGE_ADDR=0x4_0000_0000)
    m.run("vmclear 0x5000", "vmptrld 0x5000")
    rip = m.cpu.rip
    assert results(m.run("vmlaunch")) == ["vmlaunch 7"]
    assert m.cpu.rip - rip == VMLAUNCH_LENGTH
