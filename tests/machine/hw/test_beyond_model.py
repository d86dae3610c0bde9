"""Bits that the model lacks and a processor may have."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.hw.beyond_model import Beyond, beyond, refuse
from kvmdbg.machine.hw.capabilities import control_caps
from kvmdbg.machine.hw.checking import subject
from kvmdbg.machine.hw.control_registers import cr4_problem
from kvmdbg.machine.hw.controls import (
    CPU_SECONDARY_CONTROLS,
    SEC_ENABLE_XSAVES,
    SEC_SUB_PAGE_WRITE,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Caps
from session_support import session

PKE = 1 << 22
MORE = Caps(beyond_model=(0, 0, SEC_SUB_PAGE_WRITE | SEC_ENABLE_XSAVES, 0, 0, PKE))


def test_they_are_offered() -> None:
    assert beyond(Caps()) == Beyond() and beyond(MORE).cr4 == PKE
    assert control_caps(MORE).sec.allowed_1 & ~control_caps(Caps()).sec.allowed_1 == SEC_SUB_PAGE_WRITE | SEC_ENABLE_XSAVES
    assert cr4_problem(PKE, Caps()) and not cr4_problem(PKE, MORE)


def look(fields: dict[int, int], caps: Caps = MORE) -> None:
    kvm = session("machine beyond_model=" + ",".join(map(str, caps.beyond_model))).kvm
    refuse(subject(kvm.hw, kvm.hw.cpus[0], lambda encoding: fields.get(encoding, 0)))


def test_an_entry_with_one_of_them_is_refused_by_name() -> None:
    active = {F.CPU_BASED_VM_EXEC_CONTROL: CPU_SECONDARY_CONTROLS}
    with pytest.raises(Unsupported, match="secondary controls: SUB_PAGE_WRITE; guest CR4: PKE"):
        look(active | {F.SECONDARY_VM_EXEC_CONTROL: SEC_SUB_PAGE_WRITE, F.GUEST_CR4: PKE})
    look({F.SECONDARY_VM_EXEC_CONTROL: SEC_SUB_PAGE_WRITE})             # the primary controls do not activate it


@pytest.mark.parametrize("words", ["1,2,3,4,5,6,7", "0x100000000"])
def test_words_that_are_none(words: str) -> None:
    with pytest.raises(UserError, match="names no bits of controls and CR4"):
        session(f"machine beyond_model={words}")


def test_what_cannot_matter_does_not() -> None:
    look({F.CPU_BASED_VM_EXEC_CONTROL: CPU_SECONDARY_CONTROLS, F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_XSAVES})
    look({F.PIN_BASED_VM_EXEC_CONTROL: 0xFF}, Caps(beyond_model=(0,)))
