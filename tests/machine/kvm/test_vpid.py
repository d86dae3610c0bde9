"""VPID numbers."""

from __future__ import annotations

import pytest

from kvm_support import KERNELS, V4_3, V4_4, V6_12, VMXON_REGION, Machine, entered, flushes, of, results, since
from kvmdbg.machine.hw.controls import SEC_ENABLE_VPID
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.events import NestedSucceeded, VpidAllocated, VpidFreed
from kvmdbg.machine.kvm.vpid import VMX_NR_VPIDS, allocate_vpid, free_vpid, give_back, take_all, take_vpid


def exhaust(m: Machine) -> None:
    """Other VMs on the host hold every number."""
    for number in range(1, VMX_NR_VPIDS):
        if number not in m.kvm.vpid_bitmap:
            m.kvm.vpid_bitmap[number] = "another VM"


def test_the_lowest_free_number_is_taken_and_given_back() -> None:
    m = Machine()
    assert [allocate_vpid(m.kvm, m.vcpu, "a test") for _ in range(2)] == [2, 3]
    free_vpid(m.kvm, m.vcpu, 2)
    assert allocate_vpid(m.kvm, m.vcpu, "a test") == 2
    assert m.since(0) == [VpidAllocated(0, 2), VpidAllocated(0, 3), VpidFreed(0, 2), VpidAllocated(0, 2)]


def test_allocating_and_freeing_flush_nothing() -> None:
    """I-33: the next owner must see to that."""
    m = Machine().given_vmx()
    events = m.run("vmxoff", f"vmxon {VMXON_REGION:#x}")
    assert of(events, VpidFreed, VpidAllocated) == [VpidFreed(0, 2), VpidAllocated(0, 2)]
    assert flushes(events) == []


def test_without_enable_vpid_nothing_is_taken() -> None:
    m = Machine(enable_vpid=False)
    assert allocate_vpid(m.kvm, m.vcpu, "a test") == 0
    assert m.since(0) == []


def test_when_none_is_left_l2_runs_with_vpid01() -> None:
    m = Machine(V6_12)
    exhaust(m)
    m.given_vmx()
    assert m.vcpu.vpid02 == 0
    m.given_l2()
    assert entered(m.enter()) == [1]
    m.run("vmcall")
    assert flushes(m.run("invvpid single-context 1")) == ["invvpid single-context 1"]      # nested_get_vpid02()


@pytest.mark.parametrize(("name", "bitmap"), [(V4_3, [1]), (V4_4, [1]), (V6_12, [1])])
def test_vmxoff_gives_vpid02_back(name: str, bitmap: list[int]) -> None:
    m = Machine(name).given_vmx()
    m.run("vmxoff")
    assert list(m.kvm.vpid_bitmap) == bitmap


def test_v4_4_runs_on_a_vpid02_that_it_gave_back_and_gives_it_back_again() -> None:
    """I-28."""
    m = Machine(V4_4).given_vmx().given_l2()
    m.run("vmxoff", f"vmxon {VMXON_REGION:#x}")
    assert (m.vcpu.vpid02, 2 in m.kvm.vpid_bitmap) == (2, False)
    assert entered(m.enter()) == [2]
    m.run("vmcall")
    events = m.run("vmxoff")
    assert results(events) == ["vmxoff ok"]
    assert of(events, VpidFreed) == [VpidFreed(0, 2)]


def test_other_vms_take_numbers_from_the_same_bitmap() -> None:
    m = Machine()
    take_vpid(m.kvm, 2)
    assert allocate_vpid(m.kvm, m.vcpu, "vpid02") == 3
    give_back(m.kvm, 2)
    assert allocate_vpid(m.kvm, m.vcpu, "vpid02") == 2
    take_all(m.kvm)
    assert allocate_vpid(m.kvm, m.vcpu, "vpid02") == 0


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("ept", [True, False])
def test_a_vcpu_for_which_no_number_is_left_runs_without_vpid(name: str, ept: bool) -> None:
    """F: "enable VPID" is off in vmcs01 then, and VM entry flushes VPID 0."""
    m = Machine(name, vpids=0, enable_ept=ept)
    m.given_vmx()
    assert (m.vcpu.vpid, m.vcpu.vpid02) == (0, 0)
    assert set(entered(m.run("cpuid"))) == {0}
    assert not m.kvm.hw.vmcs[m.kvm.vmcs01(m.vcpu), F.SECONDARY_VM_EXEC_CONTROL] & SEC_ENABLE_VPID


@pytest.mark.parametrize("name", since(V4_4))
def test_a_vcpu_that_gets_no_vpid02_runs_l2_with_vpid01_and_flushes_it(name: str) -> None:
    """F, I-5: every entry and exit flushes vpid01, by its request or at once; without EPT that is INVVPID."""
    m = Machine(name, vpids=1, enable_ept=False).given_vmx().given_l2(eptp=None)
    assert (m.vcpu.vpid, m.vcpu.vpid02) == (1, 0)
    for events in (m.enter(), m.run("vmcall"), m.run("vmresume")):
        assert set(entered(events)) == {1}
        assert "invvpid single-context 1" in flushes(events) or "invvpid all-context" in flushes(events)


@pytest.mark.parametrize(("name", "flushed"), [(V4_4, []), ("v4.15", []), ("3d5bdae8b164^", []),
                                               *[(name, ["invvpid single-context 1"]) for name in ("3d5bdae8b164", V6_12)]])
def test_invvpid_without_a_vpid02(name: str, flushed: list[str]) -> None:
    """I-5: vpid02 itself was flushed, and 0 is nothing."""
    m = Machine(name, vpids=1, enable_ept=False).given_vmx().given_l2(eptp=None)
    m.enter()
    m.run("vmcall")
    events = m.run("invvpid all-context")
    assert results(events) == ["invvpid ok"]
    at = next(i for i, event in enumerate(events) if isinstance(event, NestedSucceeded))
    assert flushes(events[:at]) == flushed
