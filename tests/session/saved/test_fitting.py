"""Kinds of values against annotations."""

from __future__ import annotations

from typing import Any, Literal, get_type_hints

import pytest

from kvmdbg.machine.hw.state import NO_INSN, Cpu, Segment
from kvmdbg.machine.kvm.program import EMPTY
from kvmdbg.machine.kvm.state import NO_ROLE, Mmu, Root, Vcpu
from kvmdbg.session.saved.fitting import fits, kind_text, shape
from kvmdbg.tape import Record
from session_support import L2, session

VCPU = get_type_hints(Vcpu)
CPU = get_type_hints(Cpu)


@pytest.mark.parametrize(("value", "hint", "right"), [
    (1, int, True), (True, int, False), (1, bool, False), ("x", str, True), (None, VCPU["smram"], True), (1, VCPU["smram"], False),
    (("guest",), VCPU["todo"], True), ((1,), VCPU["todo"], False), (EMPTY, VCPU["program"], True), ((), VCPU["program"], False),
    ((0, 0, 0, 0), CPU["pdptes"], True), ((0, 0, 0), CPU["pdptes"], False), (NO_INSN, CPU["exit_insn"], True),
    (Root(0, "x", NO_ROLE), get_type_hints(Mmu)["root"], False), (Segment(0, 0, 0, 0), Segment, True), (3, Any, True),
    ("a", Literal["a", "b"], True), ("c", Literal["a", "b"], False)])
def test_a_value_is_of_the_declared_kind_or_not(value: Any, hint: Any, right: bool) -> None:
    assert fits(value, hint) is right


def test_every_record_of_a_machine_fits_its_own_annotations() -> None:
    for owner in session(*L2).tape.owners.values():
        if isinstance(owner, Record):
            hints = get_type_hints(type(owner))
            assert [field for field in owner.fields() if not fits(getattr(owner, field), hints[field])] == []


def test_words_for_kinds() -> None:
    assert [kind_text(hint) for hint in (int, VCPU["smram"], CPU["pdptes"], Segment)] == \
        ["a number", "Smram or None", "a tuple", "Segment"]
    assert shape((1, ("x", 2))) == "(a number, (a string, a number))"
