"""Values as text, and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvmdbg.errors import ModelBug
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.state import Insn, Segment
from kvmdbg.machine.kvm.program import EMPTY, Program
from kvmdbg.machine.kvm.state import Root
from kvmdbg.session.saved.reading import Reader
from kvmdbg.session.saved.writing import lines_of, value_text
from kvmdbg.tape import ABSENT

MOV = parse_insn("mov cr3, 0x2000")
SAMPLES = [
    (0, "0"), (-1, "-1"), (9, "9"), (10, "0xa"), (0xFFFF_FFFF_FFFF_FFFF, "~0"), (True, "True"), (None, "None"), (ABSENT, "ABSENT"),
    ("", '""'), ('a "b"\n', r'"a \"b\"\n"'), ((), "()"), ((1,), "(1,)"), ((1, (2, "x")), '(1, (2, "x"))'),
    (Segment(16, 0, 1, 2), "Segment(selector=0x10, base=0, limit=1, ar=2)"),
    (MOV, 'Insn("mov cr3, 0x2000")'), (Insn("", (), ""), 'Insn(name="", operands=(), text="", length=3)'),
    (Program((MOV,)), 'Program(Insn("mov cr3, 0x2000"))'), (EMPTY, "Program()")]


@pytest.mark.parametrize(("value", "text"), SAMPLES, ids=[text for _, text in SAMPLES])
def test_one_way_and_back(value: Any, text: str) -> None:
    assert value_text(value) == text
    back = Reader(text, "f", {}).value()
    assert back == value and type(back) is type(value)


VALUES = st.recursive(st.one_of(st.integers(-5, 1 << 64), st.booleans(), st.none(), st.text()),
                      lambda inner: st.one_of(st.lists(inner, max_size=4).map(tuple), st.builds(Root, inner, inner, inner)))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(VALUES)
def test_any_value_comes_back(value: Any) -> None:
    assert Reader("\n".join(lines_of("", value)), "f", {}).value() == value


def test_a_long_value_has_a_line_for_each_part() -> None:
    lines = list(lines_of("irqs = ", ((0x12345678,) * 10,) * 3))
    assert len(lines) == 5 and lines[0] == "irqs = (" and lines[1].startswith("  (0x12345678, ") and lines[4] == ")"


def test_what_state_must_not_hold_cannot_be_saved() -> None:
    with pytest.raises(ModelBug, match="cannot be saved"):
        value_text([1])
