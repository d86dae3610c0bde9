"""nop, hlt, int3, int n."""

from __future__ import annotations

import pytest

from casework import harness, observe, operation, verdict
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.events import Delivered
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


@pytest.mark.parametrize(("text", "vector"), [("int1", "#DB"), ("icebp", "#DB"), ("int3", "#BP"), ("ud2", "#UD"), ("div 0", "#DE")])
def test_some_raise_an_exception(text: str, vector: str) -> None:
    assert observe(f"L2: {text}")[0].seen.vector == vector


def test_a_software_interrupt_has_a_vector() -> None:
    assert [one.vector for one in observe("L2: int 0x80")[0].events(Delivered)] == [0x80]
    with pytest.raises(Unsupported, match="int takes one number"):
        observe("L2: int")


def test_into_needs_32_bit_code() -> None:
    expect = [{"step": 1, "outcome": "vmexit", "vector": 4, "type": 6}]
    assert verdict("L2: into", expect=expect, given={"vmcs12": {"exc_bitmap": "all"}}).status == "ok"
