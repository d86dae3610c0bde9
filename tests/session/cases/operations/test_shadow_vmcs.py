"""VMCS shadowing: bitmaps and fields of the shadow VMCS."""

from __future__ import annotations

import pytest

from casework import harness, observe, operation, verdict
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.operations.shadow_vmcs import bitmap_bits, field_of, set_bit, shadow_field

GIVEN = {"caps": {"shadow_vmcs": True}, "vmcs12": {"shadow_vmcs": 1, "link_pointer": "a cleared shadow VMCS"}}
CELL = F.GUEST_CR3 // 64 * 8
BIT = 1 << F.GUEST_CR3 % 64


@pytest.mark.parametrize(("step", "read", "write"), [
    ("L1: VMREAD bitmap bit 1, VMWRITE bitmap bit 0", BIT, 0), ("L1: VMREAD bitmap bit 0, VMWRITE bitmap bit 1", 0, BIT),
    ("L1: set both bitmap bits of field f", BIT, BIT), ("L1: set the VMWRITE bitmap bit of field GUEST_CR3", 0, BIT),
    ("L1: clear both bitmap bits of field f", 0, 0), ("L1: both bitmap bits = 1", BIT, BIT),
    ("L1: VMREAD bitmap bit of f = 1, VMWRITE bitmap bit of f = 0", BIT, 0)])
def test_bits_of_the_bitmaps(step: str, read: int, write: int) -> None:
    h = harness(GIVEN)
    h.field = "GUEST_CR3"
    bitmap_bits(h, *operation(step))
    assert (h.peek(binding.VMREAD_BITMAP + CELL), h.peek(binding.VMWRITE_BITMAP + CELL)) == (read, write)
    set_bit(h, binding.VMREAD_BITMAP, F.GUEST_CR3, False)
    assert h.peek(binding.VMREAD_BITMAP + CELL) == 0


def test_a_field_of_the_shadow_vmcs() -> None:
    h = harness(GIVEN)
    h.field = "VIRTUAL_PROCESSOR_ID"
    assert shadow_field(h, *operation("L1: shadow field = 0x12345678")) == 0x5678 == h.shadow_value
    assert shadow_field(h, *operation("L1: read field f of the shadow VMCS")) == 0x5678
    assert shadow_field(h, *operation("L1: shadow field GUEST_CR3 = 0x12345678")) == 0x1234_5678
    assert shadow_field(h, *operation("L1: vmwrite field f of the shadow VMCS value 0x1234")) == 0x1234
    assert shadow_field(h, *operation("L1: vmread f in the shadow VMCS")) == 0x1234
    assert h.vcpu.current_vmptr == binding.VMCS_A


def test_the_word_f_needs_a_field() -> None:
    h = harness(GIVEN)
    with pytest.raises(Unsupported, match="^f: the case names no field"):
        field_of(h, "f")
    with pytest.raises(Unsupported):
        bitmap_bits(h, *operation("L1: set both bitmap bits at once"))
    with pytest.raises(Unsupported):
        shadow_field(h, *operation("L1: shadow field"))


@pytest.mark.parametrize(("bits", "kind", "reason"), [
    ("VMREAD bitmap bit 0, VMWRITE bitmap bit 0", "VMsucceed", -1), ("VMREAD bitmap bit 1, VMWRITE bitmap bit 0", "vmexit", 23)])
def test_what_l2_sees(bits: str, kind: str, reason: int) -> None:
    given = {**GIVEN, "fields": ["GUEST_CR3"]}
    steps = (f"L1: {bits}; shadow field = 7", "L2: vmread field GUEST_CR3")
    h = harness(given)
    h.field = "GUEST_CR3"
    expect = {"step": 2, "outcome": "vmexit", "reason": reason} if kind == "vmexit" else {"step": 2, "outcome": "runs", "value": 7}
    assert verdict(*steps, given=given, expect=[expect]).status == "ok"


def test_without_a_shadow_vmcs() -> None:
    given = {"caps": {"shadow_vmcs": True}, "vmcs12": {"shadow_vmcs": 1, "link_pointer": "~0"}}
    (observed,) = observe("L2: vmwrite field GUEST_CR3 value 0", given=given)
    assert observed.seen.kind == "VMfailInvalid"
