"""CR0, CR4 and EFER: v6.12's answers."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.controls import CR0_PG, CR0_WP, CR4_PAE, CR4_PCIDE, CR4_PGE, CR4_SMAP, CR4_SMEP, EFER_LME, EFER_NXE, EFER_SCE
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.control_registers import Aftermath

MAINLINE = Era()
GUEST = ("TLB_FLUSH_GUEST",)
CURRENT = ("TLB_FLUSH_CURRENT",)


@pytest.mark.parametrize(("old", "new", "tdp", "after"), [
    (CR0_PG, CR0_PG | CR0_WP, True, Aftermath(init=True)), (CR0_PG, CR0_PG | CR0_WP, False, Aftermath(reset=True)),
    (0, CR0_WP, True, Aftermath()), (0, CR0_WP, False, Aftermath()), (CR0_PG, 0, True, Aftermath(reset=True, requests=GUEST)),
    (0, CR0_PG, True, Aftermath(reset=True)), (CR0_PG | CR0_WP, 0, True, Aftermath(reset=True, requests=GUEST)),
    (0, 1 << 3, True, Aftermath())])
def test_cr0(old: int, new: int, tdp: bool, after: Aftermath) -> None:
    """D, row CR0 write, E24."""
    assert MAINLINE.cr0_aftermath(old, new, tdp) == after


@pytest.mark.parametrize(("old", "new", "tdp", "after"), [
    (0, CR4_PGE, True, Aftermath(requests=GUEST)), (CR4_PGE, 0, False, Aftermath(requests=GUEST)),
    (CR4_PCIDE, 0, True, Aftermath(requests=GUEST)), (0, CR4_PCIDE, True, Aftermath()),
    (0, CR4_PCIDE, False, Aftermath(unload=True)),
    (0, CR4_SMEP, True, Aftermath(reset=True, requests=CURRENT)), (CR4_SMEP, 0, True, Aftermath(reset=True)),
    (CR4_PAE, 0, True, Aftermath(reset=True, requests=CURRENT)), (0, CR4_SMAP, True, Aftermath(reset=True)),
    (CR4_PGE, CR4_SMEP, True, Aftermath(reset=True, requests=GUEST)), (0, 1 << 3, True, Aftermath())])
def test_cr4(old: int, new: int, tdp: bool, after: Aftermath) -> None:
    """D, row CR4 write, E24."""
    assert MAINLINE.cr4_aftermath(old, new, tdp) == after


@pytest.mark.parametrize(("bit", "reset"), [(EFER_LME, True), (EFER_NXE, True), (EFER_SCE, False)])
def test_efer(bit: int, reset: bool) -> None:
    assert MAINLINE.efer_aftermath(0, bit) == MAINLINE.efer_aftermath(bit, 0) == Aftermath(reset=reset)


@pytest.mark.parametrize(("tdp", "bits"), [(True, 1 << 3 | CR0_WP), (False, 1 << 3)])
def test_bits_of_cr0_that_change_without_an_exit(tdp: bool, bits: int) -> None:
    assert MAINLINE.cr0_guest_owned_bits(tdp) == bits


def test_the_rest() -> None:
    assert MAINLINE.has_pcid()
    assert MAINLINE.asks_to_load_new_pdptes()
