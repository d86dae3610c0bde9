"""Premises about mode and registers of L1."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from casework import after
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases import premises_of_registers, premises_of_vmcs12
from kvmdbg.session.cases.phrases import Handler, always, bits_of, phrases
from kvmdbg.session.cases.setup import Plan

MODE = phrases(premises_of_registers.MODE)
L1 = phrases(premises_of_vmcs12.L1)


def test_modes() -> None:
    assert after(MODE, "64-bit, CPL0, VMX root, a current VMCS") == Plan("v6.12").setup()
    assert after(MODE, "32-bit code segment under long mode").compatibility
    assert after(MODE, "64-bit L2 that executes VMCALL at once").calls_at_once
    assert after(MODE, "64-bit, CPL 3").cpl == 3
    assert not after(MODE, "VMX root operation, no current VMCS").current_vmcs
    for text in ("CPL0, VMX not entered", "outside VMX operation", "not in VMX operation", "VMX off"):
        assert not after(MODE, text).vmx


def test_registers() -> None:
    assert after(L1, "CR4.PCIDE=1, CR3 has PCID 1; HOST_CR3/HOST_CR4 hold the same").registers == ("cr4 | PCIDE", "cr3 pcid 1")
    assert after(phrases(premises_of_registers.CR4), "PCIDE=0").registers == ("cr4 &~ PCIDE",)


@pytest.mark.parametrize(("known", "text", "changes"), [
    (premises_of_registers.CR0, "WP=0", ("cr0 &~ WP",)), (premises_of_registers.CR0, {"WP": 1, "AM": 0}, ("cr0 | WP", "cr0 &~ AM")),
    (premises_of_registers.CR4, {"SMEP": True}, ("cr4 | SMEP",)), (premises_of_registers.EFER, "NX=0", ("efer &~ NXE",)),
    (premises_of_registers.EFER, "EFER.SCE=1", ("efer | SCE",))])
def test_bits_of_registers(known: Mapping[str, Handler], text: object, changes: tuple[str, ...]) -> None:
    assert after(bits_of(known), text).registers == changes


def test_bits_that_no_register_has() -> None:
    for known in (premises_of_registers.CR0, premises_of_registers.CR4, premises_of_registers.EFER):
        with pytest.raises(Unsupported, match=r"\.LUCK: no bit"):
            after(bits_of(known), "LUCK=1")
    with pytest.raises(Unsupported, match="caps smap: false"):
        after(always("SMAP"), False)


@pytest.mark.parametrize("text", ["base", "limit x", "base 1; limit 2", "weird"])
def test_segments_of_other_words_are_refused(text: str) -> None:
    with pytest.raises(Unsupported):
        after(premises_of_registers.segment_register("fs"), text)


def test_registers_of_l1_and_its_vmcs() -> None:
    assert after(phrases(premises_of_registers.MSR), "FEATURE_CONTROL not locked").layout.feature_control == 0
    setup = after(phrases(premises_of_vmcs12.VMCS), "already launched, guest RFLAGS bit 1 is 0")
    assert setup.layout.launched and dict(setup.fields)[F.GUEST_RFLAGS] == 0
    cr4 = bits_of(premises_of_registers.CR4)
    assert after(cr4, {"OSXSAVE": 1}).registers == ("cr4 | OSXSAVE",) == after(cr4, "OSXSAVE=1").registers
    with pytest.raises(Unsupported, match="every processor of the model has XSAVE"):
        after(always("XSAVE"), False)
