"""Bits of CR0 and CR4 before a VMXON."""

from __future__ import annotations

import pytest

from casework import harness, observe, operation, said
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import CR0_NE, CR4_PGE, CR4_VMXE
from kvmdbg.session.cases.fact import check, check_outcome
from kvmdbg.session.cases.operations.control_bit import control_bit

OFF = {"vmx": "not entered"}


@pytest.mark.parametrize(("change", "vector"), [
    ("CR4.VMXE = 0", "#UD"), ("a CR0 bit demanded by FIXED0 cleared (not PE, PG)", "#GP"),
    ("a CR4 bit demanded by FIXED0 cleared (not VMXE)", "#GP"), ("a bit forbidden by FIXED1 set", "#GP"),
    ("a CR0 bit forbidden by FIXED1 set", "#GP")])
def test_vmxon_faults(change: str, vector: str) -> None:
    steps = observe(f"L1: {change}", "L1: vmxon", given=OFF)
    assert check_outcome(steps[1], "fault") == check(steps[1], "vector", vector) == ""
    assert not steps[1].vcpu.vmxon


def test_which_bits_are_tried() -> None:
    h = harness(OFF, "L1: a CR4 bit demanded by FIXED0 cleared (not VMXE)")
    cpu = h.kvm.cpu(h.vcpu)
    cr0, cr4 = h.vcpu.cr0, cpu.cr4
    control_bit(h, *operation("L1: a CR4 bit demanded by FIXED0 cleared (not VMXE)"))
    assert cpu.cr4 == cr4 & ~CR4_PGE and cpu.cr4 & CR4_VMXE
    control_bit(h, *operation("L1: a CR0 bit demanded by FIXED0 cleared (not PE, PG)"))
    assert h.vcpu.cr0 == cr0 & ~CR0_NE and not h.refused


def test_a_bit_that_mov_refuses_is_remembered_with_the_mov() -> None:
    h = harness(OFF)
    control_bit(h, *operation("L1: a CR0 bit forbidden by FIXED1 set"))
    assert h.refused == said(h)[-1].removeprefix("inject ") and h.refused.startswith("mov cr0, 0x8000000")


@pytest.mark.parametrize("text", ["CR4.XYZZY = 0", "a CR4 bit demanded by FIXED0 cleared (not VMXE)",
                                  "a CR4 bit demanded by FIXED0 at all",
                                  "a CR0 bit demanded by FIXED0 cleared (not XYZZY)"])
def test_other_words_are_not_done(text: str) -> None:
    """The second one is about a processor that demands such a bit, which this harness has not asked for."""
    with pytest.raises(Unsupported):
        control_bit(harness(OFF), *operation(f"L1: {text}"))
