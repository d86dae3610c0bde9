"""INVVPID and INVEPT as KVM issues them, with their fallbacks (C.1), and the hooks (C.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kvm_support import KERNELS, OTHER_VMCS, V4_4, V6_12, Machine, decided, flushes
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw import ept
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm import vmx_flush
from kvmdbg.machine.kvm.state import GUEST_MMU, MmuRole, Root

NO_SINGLE = Caps(invvpid_types=(2,))
NO_ALL = Caps(invvpid_types=(0, 1, 3))
GLOBAL_INVEPT_ONLY = Caps(invept_types=(2,))


def asked(m: Machine, what: Callable[[Machine], object]) -> list[str]:
    """The flushes that a call makes."""
    start = m.kvm.tape.cursor
    what(m)
    return flushes(m.since(start))


def loaded(name: str = V6_12, caps: Caps = Caps(), **config: Any) -> Machine:
    """L1 has run, so there is a processor and a root."""
    m = Machine(name, caps, **config)
    m.run("nop")
    return m


@pytest.mark.parametrize(("name", "caps", "vpid", "expected"), [
    (V6_12, Caps(), 5, ["invvpid single-context 5"]), (V6_12, Caps(), 0, []),
    (V6_12, NO_SINGLE, 5, ["invvpid all-context"]), (V6_12, NO_SINGLE, 0, []),
    (V4_4, Caps(), 5, ["invvpid single-context 5"]), (V4_4, Caps(), 0, []),
    (V4_4, NO_SINGLE, 5, ["invvpid all-context"]), (V4_4, NO_SINGLE, 0, ["invvpid all-context"])])
def test_vpid_sync_context(name: str, caps: Caps, vpid: int, expected: list[str]) -> None:
    """C.1; the last row is I-30."""
    m = loaded(name, caps)
    assert asked(m, lambda m: vmx_flush.vpid_sync_context(m.kvm, m.vcpu, vpid)) == expected


@pytest.mark.parametrize(("caps", "expected"), [(Caps(), ["invvpid all-context"]), (NO_ALL, [])])
def test_vpid_sync_vcpu_global(caps: Caps, expected: list[str]) -> None:
    assert asked(loaded(caps=caps), lambda m: vmx_flush.vpid_sync_vcpu_global(m.kvm, m.vcpu)) == expected


@pytest.mark.parametrize(("caps", "expected"), [(Caps(), ["invept single-context 0x70"]),
                                              (GLOBAL_INVEPT_ONLY, ["invept all-context"])])
def test_ept_sync_context(caps: Caps, expected: list[str]) -> None:
    assert asked(loaded(caps=caps), lambda m: vmx_flush.ept_sync_context(m.kvm, m.vcpu, 0x7_001E)) == expected


@pytest.mark.parametrize(("name", "caps", "low"), [
    ("v6.12", Caps(), 0x5E), ("v6.12", Caps(ept_ad=False), 0x1E), ("v3.1", Caps(), 0x1E), ("v4.4", Caps(), 0x5E)])
def test_the_eptp_of_a_root(name: str, caps: Caps, low: int) -> None:
    m = Machine(name, caps)
    assert vmx_flush.construct_eptp(m.kvm, m.vcpu, Root(0, 0x7_0000, MmuRole("direct", False, False))) == 0x7_0000 | low


@pytest.mark.parametrize(("name", "eptp12", "ept12_in_use", "low"), [
    ("v6.12", 0x1_005E, True, 0x5E), ("v6.12", 0x1_001E, True, 0x1E), ("v6.12", 0x1_005E, False, 0x5E), ("v6.12", 0, False, 0x1E),
    ("v6.12 -ae1e2d1082ae", 0, False, 0x5E), ("v4.4", 0x1_001E, True, 0x5E), ("v4.3", 0, False, 0x5E)])
def test_the_eptp_of_l2_has_bit_6_as_vmcs12_says(name: str, eptp12: int, ept12_in_use: bool, low: int) -> None:
    """Whether or not vmcs12 enables EPT: nested_ept_ad_enabled() asks for its EPTP alone."""
    m = Machine(name).given_vmx().given_l2(eptp=eptp12 if ept12_in_use else None, EPT_POINTER=eptp12)
    m.enter()
    assert m.cpu.eptp & 0xFFF == low


@pytest.mark.parametrize(("enable_vpid", "hook", "expected"), [
    (True, vmx_flush.vmx_flush_tlb_all, ["invept all-context"]), (False, vmx_flush.vmx_flush_tlb_all, ["invept all-context"]),
    (True, vmx_flush.vmx_flush_tlb_current, ["invept single-context ROOT"]),
    (False, vmx_flush.vmx_flush_tlb_current, ["invept single-context ROOT"]),
    (True, vmx_flush.vmx_flush_tlb_guest, ["invvpid single-context 1"]), (False, vmx_flush.vmx_flush_tlb_guest, [])])
def test_the_truth_table_of_v6_12(enable_vpid: bool, hook: Callable[..., None], expected: list[str]) -> None:
    """C.2, E20 to E24, the rows with enable_ept=1."""
    m = loaded(enable_vpid=enable_vpid)
    found = asked(m, lambda m: hook(m.kvm, m.vcpu))
    assert found == [words.replace("ROOT", f"{m.tag():#x}") for words in expected]


def test_the_one_hook_of_v4_4_flushes_vpid01_and_the_current_root() -> None:
    m = loaded(V4_4)
    for hook in (vmx_flush.vmx_flush_tlb, vmx_flush.vmx_flush_tlb_all):
        found = asked(m, lambda m, hook=hook: hook(m.kvm, m.vcpu))  # type: ignore[misc]
        assert found == ["invvpid single-context 1", f"invept single-context {m.tag():#x}"]


def test_with_l2_active_v4_4_flushes_vpid01_and_eptp02() -> None:
    m = Machine(V4_4).start()
    found = asked(m, lambda m: vmx_flush.vmx_flush_tlb(m.kvm, m.vcpu))
    assert found == ["invvpid single-context 1", f"invept single-context {m.tag(m.vcpu.mmu):#x}"]
    assert ept.ep4ta(m.cpu.eptp) == m.tag(m.vcpu.mmu)


@pytest.mark.parametrize(("name", "function"), [(V4_4, "__vmx_flush_tlb"), (V6_12, "vmx_flush_tlb_current")])
def test_without_a_root_there_is_no_invept(name: str, function: str) -> None:
    m = Machine(name)
    m.step()
    hook = vmx_flush.vmx_flush_tlb if name == V4_4 else vmx_flush.vmx_flush_tlb_current
    start = m.kvm.tape.cursor
    hook(m.kvm, m.vcpu)
    events = m.since(start)
    assert flushes(events) == (["invvpid single-context 1"] if name == V4_4 else [])
    assert [answer for answer, _ in decided(events, function)] == ["no"]


@pytest.mark.parametrize(("name", "vpid", "current"), [
    (V6_12, 1, 2), (V6_12, None, 1), ("v6.12 -2b4a5a5d5688", 1, 1), ("v6.12 -2b4a5a5d5688", None, 1)])
def test_the_current_vpid_while_l2_is_active(name: str, vpid: int | None, current: int) -> None:
    """vmx_get_current_vpid(): vpid02 when vmcs12 uses VPID; without 2b4a5a5d5688 guest flushes hit vpid01 (I-10 A')."""
    m = Machine(name).given_vmx().given_l2(vpid=vpid)
    m.enter()
    assert vmx_flush.vmx_get_current_vpid(m.kvm, m.vcpu, for_guest=True) == current
    m.run("vmcall")
    assert vmx_flush.vmx_get_current_vpid(m.kvm, m.vcpu, for_guest=True) == 1


def test_the_current_context_of_l2_is_the_guest_mmus_root() -> None:
    m = Machine(V6_12).start()
    assert asked(m, lambda m: vmx_flush.vmx_flush_tlb_current(m.kvm, m.vcpu)) == [f"invept single-context {m.tag(GUEST_MMU):#x}"]


@pytest.mark.parametrize("name", KERNELS)
def test_nested_cpu_has_vpid_asks_both_controls(name: str) -> None:
    m = Machine(name).given_vmx().given_l2(OTHER_VMCS, SECONDARY_VM_EXEC_CONTROL=0x22, CPU_BASED_VM_EXEC_CONTROL=0x80)
    m.given_l2(SECONDARY_VM_EXEC_CONTROL=0x22)
    m.run("vmptrld 0x6000")
    assert not vmx_flush.nested_cpu_has_vpid(m.kvm, m.vcpu)
    m.run("vmptrld 0x5000")
    assert vmx_flush.nested_cpu_has_vpid(m.kvm, m.vcpu)


def test_vpid02_or_vpid01() -> None:
    m = Machine()
    assert vmx_flush.nested_get_vpid02(m.vcpu) == 1
    m.given_vmx()
    assert vmx_flush.nested_get_vpid02(m.vcpu) == 2


# -- the truth table of C.2 by kernel: a machine with EPT, L1 or L2 active ---------------------------------------------

ERAS = ("v5.7", "eeeb4f67a6cd", "v5.8", "v5.10", "v5.13", "v5.14", "v5.16", V6_12)


def l2_active(name: str, vpid: int | None, **config: Any) -> Machine:
    m = Machine(name, **config).given_vmx().given_l2(vpid=vpid)
    m.enter()
    return m


@pytest.mark.parametrize("enable_vpid", [True, False])
@pytest.mark.parametrize("name", ERAS)
def test_flush_all_of_each_kernel(name: str, enable_vpid: bool) -> None:
    """Every context since v5.8; before, only the EPTP that is current, L2's here (I-23)."""
    m = l2_active(name, 1 if enable_vpid else None, enable_vpid=enable_vpid)
    expected = f"invept single-context {m.tag(GUEST_MMU):#x}" if name == "v5.7" else "invept all-context"
    assert asked(m, lambda m: vmx_flush.vmx_flush_tlb_all(m.kvm, m.vcpu)) == [expected]


@pytest.mark.parametrize("vpid", [1, None])
@pytest.mark.parametrize("name", ERAS[1:])
def test_flush_current_of_each_kernel(name: str, vpid: int | None) -> None:
    m = l2_active(name, vpid)
    assert asked(m, lambda m: vmx_flush.vmx_flush_tlb_current(m.kvm, m.vcpu)) == [f"invept single-context {m.tag(GUEST_MMU):#x}"]


@pytest.mark.parametrize(("name", "with_vpid12", "without"), [
    ("v5.7", 1, 1), ("eeeb4f67a6cd", 1, 1), ("v5.8", 1, 1), ("v5.10", 1, 1), ("v5.13", 1, 1), ("v5.14", 1, 1), ("v5.16", 2, 2),
    ("2657b82a78f1^", 2, 2), (V6_12, 2, 1)])
def test_the_vpid_of_a_flush_for_the_guest_while_l2_is_active(name: str, with_vpid12: int, without: int) -> None:
    """C.2 with I-10 A' and B: vpid01, whatever runs; vpid02, whatever L2 runs on; the one that it runs on."""
    found = [asked(l2_active(name, vpid), lambda m: vmx_flush.vmx_flush_tlb_guest(m.kvm, m.vcpu)) for vpid in (1, None)]
    assert found == [[f"invvpid single-context {with_vpid12}"], [f"invvpid single-context {without}"]]


@pytest.mark.parametrize("name", ERAS)
def test_a_flush_for_the_guest_without_vpids(name: str) -> None:
    """v5.7 still takes INVEPT, of no use to anybody (e64419d991ea)."""
    m = l2_active(name, None, enable_vpid=False)
    expected = [f"invept single-context {m.tag(GUEST_MMU):#x}"] if name == "v5.7" else []
    assert asked(m, lambda m: vmx_flush.vmx_flush_tlb_guest(m.kvm, m.vcpu)) == expected


@pytest.mark.parametrize(("name", "has_vpid12", "current", "guest"), [
    ("v5.8", True, True, False), ("v5.8", False, True, False), ("v5.14", True, True, False), ("v5.16", True, True, True),
    ("v5.16", False, True, True), (V6_12, True, True, True), (V6_12, False, False, False)])
def test_the_rows_without_ept(name: str, has_vpid12: bool, current: bool, guest: bool) -> None:
    """C.2, rows ept=0 vpid=1, L2 active: is it vpid02? (I-10 C in the column of CURRENT)"""
    era = kernel(name)
    assert (era.current_context_is_vpid02(True, has_vpid12), era.guest_flush_is_vpid02(True, has_vpid12)) == (current, guest)
