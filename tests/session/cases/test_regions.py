"""Operands of VMXON, VMPTRLD and VMCLEAR."""

from __future__ import annotations

import pytest

from casework import harness, verdict
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.vmcs import VMCS_REVISION
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.regions import names, operand

A, B = binding.VMCS_A, binding.VMCS_B


@pytest.mark.parametrize(("text", "said", "region", "first"), [
    ("", hex(A), A, VMCS_REVISION), ("region of 4K with the right revision", hex(A), A, VMCS_REVISION),
    ("B", hex(B), B, VMCS_REVISION), ("region + 1", hex(A + 1), A, VMCS_REVISION),
    ("the VMXON region", "0x100000", A, VMCS_REVISION), ("a region with another revision", hex(B), B, VMCS_REVISION ^ 1),
    ("region with a wrong revision", hex(B), B, VMCS_REVISION ^ 1),
    ("revision ^ 2", hex(B), B, VMCS_REVISION ^ 2), ("region with revision | 1 << 31", hex(B), B, VMCS_REVISION | 1 << 31),
    ("a zeroed region", hex(B), B, 0), ("a shadow VMCS", hex(binding.SHADOW_VMCS), binding.SHADOW_VMCS, VMCS_REVISION | 1 << 31),
    ("memory", f"@{binding.DESCRIPTOR:#x}", binding.DESCRIPTOR, A),
    ("B in memory", f"@{binding.DESCRIPTOR:#x}", binding.DESCRIPTOR, B)])
def test_what_the_words_name(text: str, said: str, region: int, first: int) -> None:
    h = harness()
    assert operand(h, text, A, B) == said
    assert h.peek(region) & 0xFFFF_FFFF == first


def test_other_words() -> None:
    with pytest.raises(Unsupported, match="^somewhere: no symbol"):
        operand(harness(), "somewhere", A, B)


@pytest.mark.parametrize(("step", "given", "outcome", "error"), [
    ("vmptrld a region with another revision", {}, "VMfailValid", 11), ("vmptrld B in memory", {}, "VMsucceed", None),
    ("vmptrld the VMXON region", {}, "VMfailValid", 10), ("vmxon", {"vmx": "entered"}, "VMfailValid", 15),
    ("vmxon", {"vmx": "entered, no current VMCS"}, "VMfailInvalid", None), ("vmxon revision ^ 2", {}, "VMfailInvalid", None),
    ("vmptrld B; vmclear memory", {}, "VMsucceed", None), ("vmptrld a shadow VMCS; vmlaunch", {}, "VMfailInvalid", None)])
def test_what_becomes_of_them(step: str, given: dict[str, str], outcome: str, error: int | None) -> None:
    expect = {"step": 1, "outcome": outcome, **({"error": error} if error else {})}
    assert verdict(f"L1: {step}", given=given, expect=[expect]).reason == ""


@pytest.mark.parametrize(("text", "found"), [
    ("a shadow VMCS", True), ("a zeroed region", True), ("revision ^ 1", True), ("A", False), ("1", False)])
def test_words_that_say_how_a_region_begins(text: str, found: bool) -> None:
    assert names(text) is found
