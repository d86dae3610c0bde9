"""Bits of what L2's paging starts from."""

from __future__ import annotations

import pytest

from casework import harness, operation, said
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.operations.paging_state import cr3_bit, pdpte_bit

PAE = {"l2": "PAE paging"}


def test_a_bit_of_cr3() -> None:
    h = harness(PAE)
    start = len(h.player.lines)
    cr3_bit(h, *operation("L1: CR3 bit 4"))
    assert said(h, start) == ["inject vmwrite GUEST_CR3, 0x300010"]


def test_a_pdpte_in_memory_or_in_the_vmcs() -> None:
    h = harness(PAE)
    pdpte_bit(h, *operation("L1: PDPTE 2 bit 52"))
    assert h.player.lines[-1].startswith("pte L2 0x80000000 0x10000") and h.player.lines[-1].endswith("level=3")
    h = harness(PAE | {"vmcs12": {"enable_ept": True}})
    pdpte_bit(h, *operation("L1: PDPTE 2 bit 52"))
    assert h.player.lines[-1].startswith("inject vmwrite GUEST_PDPTR2, 0x10000")


def test_without_execute_disable() -> None:
    h = harness(PAE)
    pdpte_bit(h, *operation("L1: PDPTE 0 bit 63, EFER.NX=0"))
    assert h.player.lines[-1] == "inject vmwrite GUEST_IA32_EFER, 0x1"


@pytest.mark.parametrize("text", ["CR3 whistled", "CR3 bit x"])
def test_other_words_for_cr3(text: str) -> None:
    with pytest.raises(Unsupported):
        cr3_bit(harness(), *operation(f"L1: {text}"))


@pytest.mark.parametrize("text", ["PDPTE 4 bit 1", "PDPTE 0", "PDPTE 0 bit 1, EFER.NX=2"])
def test_other_words_for_pdptes(text: str) -> None:
    with pytest.raises(Unsupported):
        pdpte_bit(harness(PAE), *operation(f"L1: {text}"))
