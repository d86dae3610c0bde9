"""The checks that KVM makes on vmcs12: the processor's own, with L1's capabilities."""

from __future__ import annotations

import pytest

from kvm_support import KERNELS, V4_3, V4_4, V6_12, Machine, of, results
from kvmdbg.machine.hw.checking import GUEST_AREA
from kvmdbg.machine.hw.checks import CHECKS
from kvmdbg.machine.hw.controls import SEC_SHADOW_VMCS
from kvmdbg.machine.hw.events import VmEntryFailed
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.hw.vmcs import VMCS_REVISION
from kvmdbg.machine.kvm.nested_checks import LEFT_TO_THE_PROCESSOR, is_made, nested_caps, nested_check_area


@pytest.mark.parametrize(("name", "enable_vpid", "vpid", "invvpid", "invept", "ad"), [
    (V4_3, True, False, (), (2,), False), (V4_4, True, True, (2,), (2,), False), (V4_4, False, True, (), (2,), False),
    (V6_12, True, True, (0, 1, 2, 3), (1, 2), True), (V6_12, False, False, (), (1, 2), True)])
def test_what_l1s_processor_offers(name: str, enable_vpid: bool, vpid: bool, invvpid: tuple[int, ...], invept: tuple[int, ...],
                                   ad: bool) -> None:
    """E.1."""
    caps = nested_caps(Machine(name, enable_vpid=enable_vpid).kvm)
    assert (caps.vpid, caps.invvpid_types, caps.invept_types, caps.ept_ad, caps.ept) == (vpid, invvpid, invept, ad, True)


def test_l1_is_offered_no_more_than_the_hardware_has() -> None:
    assert not nested_caps(Machine(V6_12, Caps(ept_ad=False)).kvm).ept_ad


@pytest.mark.parametrize(("name", "left_out"), [
    (V4_3, {F.VIRTUAL_PROCESSOR_ID, F.EPT_POINTER, F.CR3_TARGET_COUNT}),
    (V4_4, {F.VIRTUAL_PROCESSOR_ID, F.EPT_POINTER, F.CR3_TARGET_COUNT}), (V6_12, set()),
    ("v6.12 -f0d736547815", {F.VIRTUAL_PROCESSOR_ID}), ("v6.12 -ae1e2d1082ae", {F.EPT_POINTER})])
def test_checks_that_a_kernel_does_not_make(name: str, left_out: set[int]) -> None:
    kvm = Machine(name).kvm
    left_out = left_out | {F.VMCS_LINK_POINTER}           # that it is not the current VMCS nobody looks at
    assert {check.field for check in CHECKS if not is_made(kvm, check)} - LEFT_TO_THE_PROCESSOR == left_out
    assert all(is_made(kvm, check) for check in CHECKS if check.field in LEFT_TO_THE_PROCESSOR and check.area != GUEST_AREA)


@pytest.mark.parametrize("name", KERNELS)
def test_a_good_vmcs12_passes_every_area(name: str) -> None:
    m = Machine(name).given_vmx().given_l2()
    m.run("vmptrld 0x5000")
    start = m.kvm.tape.cursor
    assert [nested_check_area(m.kvm, m.vcpu, area) for area in ("control", "host", "guest")] == [None] * 3
    assert m.since(start) == []


@pytest.mark.parametrize("name", KERNELS)
def test_the_first_failing_check_is_named_with_field_and_value(name: str) -> None:
    m = Machine(name).given_vmx().given_l2()
    m.run("vmptrld 0x5000", "vmwrite HOST_CR4, 0")
    (failed,) = of(m.run("vmlaunch"), VmEntryFailed)
    assert failed.error == 8
    assert failed.check.startswith("vmcs12: HOST_CR4 = 0x0: must ")


def test_a_check_looks_at_l1s_capabilities_not_at_the_hosts() -> None:
    """EPTP bit 6 on a processor that has the flags, under a kernel that does not offer them."""
    m = Machine("v6.12 -ae1e2d1082ae").given_vmx().given_l2(EPT_POINTER=0x1_005E)
    m.run("vmptrld 0x5000")
    assert results(m.run("vmlaunch")) == []
    m = Machine(V6_12, Caps(ept_ad=False)).given_vmx().given_l2(EPT_POINTER=0x1_005E)
    m.run("vmptrld 0x5000")
    assert results(m.run("vmlaunch")) == ["vmlaunch 7"]


SHADOW_VMCS = 0x9000


@pytest.mark.parametrize(("name", "control", "revision", "fits"), [
    ("v4.15", 0, VMCS_REVISION, False), (V6_12, 0, VMCS_REVISION, True), (V6_12, 0, VMCS_REVISION | 1 << 31, False),
    (V6_12, SEC_SHADOW_VMCS, VMCS_REVISION, False), (V6_12, SEC_SHADOW_VMCS, VMCS_REVISION | 1 << 31, True),
    ("v6.12 -a7cde481b6e8", 0, VMCS_REVISION, False)])
def test_a_link_pointer(name: str, control: int, revision: int, fits: bool) -> None:
    """Until v4.18 it had to be all ones; since then a linked VMCS is a shadow VMCS exactly with VMCS shadowing."""
    m = Machine(name).given_vmx().given_l2(eptp=None, vpid=None, VMCS_LINK_POINTER=SHADOW_VMCS, SECONDARY_VM_EXEC_CONTROL=control)
    m.poke(SHADOW_VMCS, revision)
    m.run("vmptrld 0x5000")
    problem = nested_check_area(m.kvm, m.vcpu, "guest")
    assert (problem is None) is fits
    assert problem is None or problem.qualification == 4


@pytest.mark.parametrize(("name", "offered"), [("v4.15", False), ("v5.7", True), (V6_12, True)])
def test_l1_is_offered_vmcs_shadowing_whatever_the_processor_has(name: str, offered: bool) -> None:
    caps = nested_caps(Machine(name, Caps(shadow_vmcs=not offered, vmwrite_any_field=not offered)).kvm)
    assert (caps.shadow_vmcs, caps.vmwrite_any_field) == (offered, offered)
