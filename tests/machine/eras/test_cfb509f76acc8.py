"""fb509f76acc8: with EPT the guest changes CR0.WP without an exit."""

from __future__ import annotations

import pytest

from kvm_support import Machine, exits
from kvmdbg.machine.hw.controls import CR0_TS, CR0_WP

BEFORE, AFTER = "fb509f76acc8^", "fb509f76acc8"
WP_OFF = "mov cr0, 0x80040033"


@pytest.mark.parametrize(("name", "ept", "seen"), [
    (BEFORE, True, [28]), (AFTER, True, []), (BEFORE, False, [28]), (AFTER, False, [28])])
def test_clearing_wp(name: str, ept: bool, seen: list[int]) -> None:
    m = Machine(name, enable_ept=ept)
    m.run("nop")
    assert exits(m.run(WP_OFF)) == seen
    m.run("cpuid", "mov rax, cr0")
    assert m.cpu.rax == 0x8004_0033
    assert m.kvm.ops.read_cr0(m.kvm, m.vcpu) & CR0_WP == 0


@pytest.mark.parametrize(("name", "mask", "seen"), [(BEFORE, 0, [28]), (AFTER, 0, []), (AFTER, CR0_WP, [28])])
def test_l2_clears_wp(name: str, mask: int, seen: list[int]) -> None:
    """And what L1 finds in vmcs12 afterwards."""
    m = Machine(name).given_vmx().given_l2(CR0_GUEST_HOST_MASK=mask, CR0_READ_SHADOW=CR0_WP)
    m.enter()
    assert exits(m.run(WP_OFF)) == seen
    if not mask:
        m.run("vmcall")
    assert bool(m.vmread("GUEST_CR0") & CR0_WP) == bool(mask)


def test_the_guest_owns() -> None:
    kernels = [Machine(name).kvm.era for name in (BEFORE, AFTER)]
    assert [era.cr0_guest_owned_bits(tdp) for era in kernels for tdp in (True, False)] == [CR0_TS, CR0_TS, CR0_TS | CR0_WP, CR0_TS]
