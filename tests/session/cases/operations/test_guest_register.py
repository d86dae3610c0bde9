"""Registers of L2 in L1's VMCS, changed in words."""

from __future__ import annotations

import pytest

from casework import harness, operation
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import EFER_LMA, EFER_LME
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.session.cases.binding import NON_CANONICAL
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import find


def do(h: Harness, text: str) -> None:
    op, actor = operation(f"L1: {text}")
    find(op, actor).run(h, op, actor)


@pytest.mark.parametrize(("text", "field", "value"), [
    ("GDTR limit bit 16 set", F.GUEST_GDTR_LIMIT, 1 << 16), ("IDTR base non-canonical", F.GUEST_IDTR_BASE, NON_CANONICAL),
    ("SYSENTER_ESP non-canonical", F.GUEST_SYSENTER_ESP, NON_CANONICAL), ("SYSENTER_EIP 5", F.GUEST_SYSENTER_EIP, 5),
    ("usable LDTR with TI=1", F.GUEST_LDTR_AR_BYTES, 0x82), ("usable LDTR with TI=1", F.GUEST_LDTR_SELECTOR, 4),
    ("unusable LDTR with TI=0", F.GUEST_LDTR_AR_BYTES, 1 << 16), ("FS base non-canonical", F.GUEST_FS_BASE, NON_CANONICAL),
    ("CS base bit 32 set", F.GUEST_CS_BASE, 1 << 32), ("DS base bits 63:40 not 0", F.GUEST_DS_BASE, 1 << 40),
    ("unusable SS with base bit 63 set", F.GUEST_SS_BASE, 1 << 63),
    ("unusable SS with base bit 63 set", F.GUEST_SS_AR_BYTES, 1 << 16),
    ("usable LDTR with base non-canonical", F.GUEST_LDTR_BASE, NON_CANONICAL), ("TR selector 0", F.GUEST_TR_SELECTOR, 0),
    ("ES access rights bit 16 set", F.GUEST_ES_AR_BYTES, 0x1_C093),
])
def test_fields(text: str, field: int, value: int) -> None:
    h = harness()
    old = vmcs12.get(h.kvm, h.vcpu, field)
    do(h, text)
    seen = vmcs12.get(h.kvm, h.vcpu, field)
    assert seen == (old | value if "limit" in text else value)


def test_selectors_and_efer() -> None:
    h = harness()
    for text, field, mask, value in (
            ("TR with TI=1", F.GUEST_TR_SELECTOR, 4, 4), ("TR with TI=0", F.GUEST_TR_SELECTOR, 4, 0),
            ("SS.RPL differs from CS.RPL", F.GUEST_SS_SELECTOR, 3, 1), ("SS.RPL equals CS.RPL", F.GUEST_SS_SELECTOR, 3, 0),
            ("LMA=0 LME=1", F.GUEST_IA32_EFER, EFER_LMA | EFER_LME, EFER_LME),
            ("reserved bit 1", F.GUEST_IA32_EFER, 1 << 9, 1 << 9),
            ("reserved bit 0", F.GUEST_IA32_EFER, 1 << 9, 0)):
        do(h, text)
        assert vmcs12.get(h.kvm, h.vcpu, field) & mask == value, text


@pytest.mark.parametrize("text", ["GDTR limit soon", "GDTR selector 0", "SYSENTER_ESP", "usable FS with TI=1",
                                  "TR with TI=2", "SS.RPL is 3", "FROB=1",
                                  "LMA=1 LME", "reserved seat"])
def test_other_words_are_unsupported(text: str) -> None:
    with pytest.raises(Unsupported):
        do(harness(), text)


def test_after_a_control_of_vm_exits_efer_is_that_of_the_host() -> None:
    h = harness()
    do(h, "load EFER on exit 1")
    do(h, "LMA=0 LME=0")
    assert not vmcs12.get(h.kvm, h.vcpu, F.HOST_IA32_EFER) & (EFER_LMA | EFER_LME)
    assert vmcs12.get(h.kvm, h.vcpu, F.GUEST_IA32_EFER) & EFER_LMA
