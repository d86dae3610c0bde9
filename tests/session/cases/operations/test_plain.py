"""nop, hlt."""

from __future__ import annotations

import pytest

from casework import harness, observe, operation
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.operations.plain import plain


def test_they_execute() -> None:
    assert observe("L1: nop")[0].seen.kind == "runs"
    assert observe("L2: hlt")[0].seen.reason == 12


def test_they_take_no_operand() -> None:
    with pytest.raises(Unsupported, match="nop takes no operand"):
        observe("L1: nop 1")


def test_through_the_emulator_of_l0() -> None:
    given = {"l0": {"forced_emulation_prefix": True}, "l1": "intercepts PAUSE and HLT"}
    source = "tools/testing/selftests/kvm/x86/nested_emulation_test.c"
    assert observe("L2: pause through the emulator", given=given, source=source)[0].seen.reason == 40
    assert observe("L2: nop through the emulator", given=given, source=source)[0].seen.kind == "runs"
    with pytest.raises(Unsupported):
        plain(harness(), *operation("L1: pause through the emulator"))
