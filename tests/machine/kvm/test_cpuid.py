"""CPUID of a guest."""

from __future__ import annotations

import pytest

from kvm_support import Machine, exits
from kvmdbg.machine.hw.controls import CR4_OSXSAVE
from kvmdbg.machine.hw.cpuid_leaves import HYPERVISOR, INVPCID, OSXSAVE, PCID, TSC_ADJUST, VMX
from kvmdbg.machine.kvm.cpuid import kvm_cpuid

CR4 = 0x20A0 | CR4_OSXSAVE


def osxsave(m: Machine) -> bool:
    m.run("cpuid 1 ecx")
    return bool(m.cpu.rax & OSXSAVE)


def test_a_leaf_is_read_by_an_exit_and_no_leaf_changes_nothing() -> None:
    m = Machine()
    assert exits(m.run("cpuid 0x80000008")) == [10] and m.cpu.rax == 46 | 48 << 8
    m.run("cpuid")
    assert m.cpu.rax == 46 | 48 << 8


@pytest.mark.parametrize(("name", "config", "leaf", "register", "bit", "there"), [
    ("v6.12", {}, 1, "ecx", VMX, True), ("v6.12", {"nested": False}, 1, "ecx", VMX, False),
    ("v6.12", {}, 1, "ecx", HYPERVISOR, True),
    ("v3.1", {}, 1, "ecx", PCID, False), ("v4.4", {"enable_ept": False}, 7, "ebx", INVPCID, False),
    ("v4.4", {}, 7, "ebx", INVPCID, True), ("v3.2", {}, 7, "ebx", TSC_ADJUST, False), ("v4.4", {}, 7, "ebx", TSC_ADJUST, True)])
def test_what_kvm_offers(name: str, config: dict[str, bool], leaf: int, register: str, bit: int, there: bool) -> None:
    m = Machine(name, **config)
    assert bool(kvm_cpuid(m.kvm, m.vcpu, leaf, register) & bit) is there


@pytest.mark.parametrize("name", ["v3.1", "v4.4", "v5.7", "v6.12"])
def test_a_bit_follows_cr4(name: str) -> None:
    m = Machine(name)
    assert not osxsave(m)
    m.run(f"mov cr4, {CR4:#x}")
    assert osxsave(m)


@pytest.mark.parametrize("name", ["v3.1", "v4.4", "v5.10", "v6.12"])
def test_it_follows_user_space_too(name: str) -> None:
    """As KVM's selftest cr4_cpuid_sync_test."""
    m = Machine(name)
    m.run(f"mov cr4, {CR4:#x}")
    m.host("set-sregs cr4=0x20a0")
    assert not osxsave(m)
    m.run(f"mov cr4, {CR4:#x}")
    assert osxsave(m)
