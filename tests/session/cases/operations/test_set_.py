"""set, clear: bits by their names."""

from __future__ import annotations

import pytest

from casework import harness, observe, operation, verdict
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.operations.set_ import set_


def test_controls_and_flags_of_l2() -> None:
    given = {"caps": {"mtf": True}}
    expect = [{"step": 2, "outcome": "vmexit", "reason": 37, "pending_debug_has": "bit 14"}]
    for text in ("set MTF control and RFLAGS.TF", "set MTF control, RFLAGS.TF=1", "set MTF control; set RFLAGS.TF"):
        assert verdict(f"L1: {text}; vmresume", "L2: out", expect=expect, given=given).status == "ok", text


def test_bits_come_and_go() -> None:
    steps = observe("L1: set RFLAGS.IF", "L1: vmread GUEST_RFLAGS", "L1: clear RFLAGS.IF", "L1: vmread GUEST_RFLAGS")
    assert [step.last.value for step in steps[1::2]] == [0x202, 2]


def test_l2_sets_bits_of_its_own_registers() -> None:
    assert observe("L2: set CR0.TS; fnop")[0].seen.vector == "#NM"


@pytest.mark.parametrize("text", ["L1: set sail", "L1: set CR0.XY", "L2: set RFLAGS.TF"])
def test_other_words(text: str) -> None:
    with pytest.raises(Unsupported):
        set_(harness(), *operation(text))
