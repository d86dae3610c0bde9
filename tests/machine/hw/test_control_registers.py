"""Which values control registers may take."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.control_registers import (
    CR0_FIXED1,
    cr0_problem,
    cr4_offered,
    cr4_problem,
    efer_problem,
    page_address_problem,
    pat_problem,
    wide_problem,
)
from kvmdbg.machine.hw.controls import CR0_CD, CR0_NE, CR0_NW, CR0_PE, CR0_PG, CR4_LA57, CR4_PAE, CR4_PCIDE, CR4_PKE, CR4_VMXE
from kvmdbg.machine.hw.state import Caps

CAPS = Caps()


@pytest.mark.parametrize(("value", "fixed", "words"), [
    (CR0_PE | CR0_PG, 0, ""), (CR0_PG, 0, "not set PG without PE"), (CR0_NW, 0, "not set NW without CD"), (CR0_NW | CR0_CD, 0, ""),
    (1 << 32, 0, "have bits 63:32 = 0"), (CR0_PE | CR0_PG, CR0_FIXED1, "set the fixed bits 0x20"),
    (CR0_PE | CR0_PG | CR0_NE, CR0_FIXED1, "")])
def test_cr0(value: int, fixed: int, words: str) -> None:
    assert cr0_problem(value, fixed) == words


@pytest.mark.parametrize(("value", "fixed", "words"), [
    (CR4_PAE, 0, ""), (CR4_LA57, 0, "not set 0x1000, which this processor does not offer"),
    (CR4_PKE | CR4_VMXE, CR4_VMXE, "not set 0x400000, which this processor does not offer"),
    (CR4_PAE, CR4_VMXE, "set the fixed bits 0x2000")])
def test_cr4(value: int, fixed: int, words: str) -> None:
    assert cr4_problem(value, CAPS, fixed) == words


def test_pcide_is_offered_as_the_capabilities_say() -> None:
    assert cr4_offered(CAPS) & CR4_PCIDE
    assert not cr4_offered(Caps(pcid=False)) & CR4_PCIDE


@pytest.mark.parametrize(("value", "legal"), [(0, True), (0xD01, True), (1 << 9, False), (1 << 63, False)])
def test_efer(value: int, legal: bool) -> None:
    assert (efer_problem(value) == "") is legal


@pytest.mark.parametrize(("value", "legal"), [(0, True), (0x0007_0406_0007_0406, True), (2, False), (3 << 56, False), (8, False)])
def test_pat(value: int, legal: bool) -> None:
    assert (pat_problem(value) == "") is legal


@pytest.mark.parametrize(("address", "page", "fits"), [(0x1000, True, True), (0x1001, False, True), (1 << 45, True, True),
                                                       (1 << 46, False, False), (1 << 63, False, False)])
def test_physical_addresses(address: int, page: bool, fits: bool) -> None:
    assert (page_address_problem(address, CAPS) == "") is page
    assert (wide_problem(address, CAPS) == "") is fits
