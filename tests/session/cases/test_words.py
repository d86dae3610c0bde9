"""Which steps are done, and which fact talks about which step."""

from __future__ import annotations

from typing import Any

import pytest

from casework import case
from kvmdbg.errors import Unsupported, UserError
from kvmdbg.session.cases.model import Expectation
from kvmdbg.session.cases.words import chosen, counted, fields, gva_is_l2s, known, placed, read_steps, sizes

ROWS = ("L1: vmlaunch / vmresume (rows with entry)", "L0: nested VM exit (rows with exit)")


def test_steps_of_other_rows_are_left_out() -> None:
    assert [step.number for step in read_steps(case(*ROWS), {"direction": "entry"})] == [1]
    assert [step.number for step in read_steps(case(*ROWS), {"direction": "exit"})] == [2]


def test_a_fact_about_a_left_out_step_moves_to_the_one_in_its_place() -> None:
    made = case(*ROWS)
    facts = [(1, (("request", "none"),))]
    assert placed(made, read_steps(made, {"d": "exit"}), facts) == {2: (("request", "none"),)}
    assert placed(made, read_steps(made, {"d": "entry"}), [(2, (("request", "none"),))]) == {1: (("request", "none"),)}


def test_facts_about_one_step_are_gathered() -> None:
    made = case("L1: nop")
    assert placed(made, read_steps(made, {}), [(1, (("error", 1),)), (1, (("value", 2),))]) == {1: (("error", 1), ("value", 2))}


def test_the_first_word_that_is_not_done_is_named() -> None:
    with pytest.raises(Unsupported, match="^hypercall: Hyper-V is not modelled$"):
        read_steps(case("L1: nop", "L2: hypercall control=2", "L1: levitate"), {})


def test_a_step_in_words_is_refused_only_where_something_is_expected_of_it() -> None:
    assert len(read_steps(case("first the one, then the other", "L1: nop", expect=[{"step": 2, "outcome": "runs"}]), {})) == 2
    with pytest.raises(Unsupported, match="^explore everything: a step in words$"):
        read_steps(case("explore everything", expect=[{"step": 1, "value": 1}]), {})


def test_entries_for_svm_do_not_count() -> None:
    vmx, svm = Expectation(1, "", (("outcome", "vmexit"),)), Expectation(1, "", (("outcome", "svm_exit"),))
    assert counted([vmx, svm]) == [vmx]
    assert counted([svm]) == [svm]
    assert counted([Expectation(1, "SVM", (("outcome", "x"),)), Expectation(1, "VMX", (("outcome", "vmexit"),))]) == [
        Expectation(1, "VMX", (("outcome", "vmexit"),))]


def test_unknown_facts_are_found_before_anything_runs() -> None:
    known((("outcome", "vmexit"), ("reason", 1), ("outcome_one_of", ["runs", "fault"])))
    for fact in (("outcome", "glory"), ("outcome_one_of", ["runs", "glory"]), ("colour", 1)):
        with pytest.raises(Unsupported):
            known((fact,))


def test_whose_tables_v_belongs_to() -> None:
    assert gva_is_l2s(read_steps(case("L1: pte_set gva=V A/D=none", "L2: load gva=V"), {}))
    assert not gva_is_l2s(read_steps(case("L1: store gva=V"), {}))
    assert not gva_is_l2s(read_steps(case("L2: pte_set gva=V A/D=none", "L1: load gva=V"), {}))


def test_large_pages_where_the_case_wants_them() -> None:
    once_more = case("L1: ept_set gpa=G level=2 perms=r-- (and once more as a large page where the level allows)")
    assert sizes(once_more, {"level": 1}) == (False,)
    assert sizes(once_more, {"level": 2}) == (False, True)
    plain = case("L1: ept_set gpa=G level=2")
    assert sizes(plain, {}) == (False,) and sizes(plain, {"level": 2, "huge": True}) == (True,)
    assert sizes(plain, {"level": 4, "huge": "both"}) == (False,) and sizes(plain, {"level": 2, "huge": "both"}) == (False, True)
    assert sizes(plain, {"level": 3, "huge": True}) == (True,) and sizes(once_more, {"level": 3}) == (False, True)


def test_the_fields_that_the_address_stands_for() -> None:
    made = case("L1: vmwrite the address 0x1000", given={"fields": ["IO_BITMAP_A", "PML_ADDR (enable PML)"]})
    assert fields(made) == ("IO_BITMAP_A", "PML_ADDR") and fields(case("L1: nop")) == ("",)


def test_choosing_a_case() -> None:
    made = case("L1: nop")
    assert chosen([made, made._replace(id="OTHER-O01")], "TEST-O01") == [made]
    with pytest.raises(UserError, match="no case 'NONE' in these files  They have TEST-O01"):
        chosen([made], "NONE")


@pytest.mark.parametrize(("given", "count", "first"), [
    ({}, 178, "0x0"), ({"f": "every field that exists"}, 178, "0x0"), ({"f": "an encoding that no field has"}, 18, "0x6803"),
    ({"f": "an encoding with bits above 14"}, 17, "0xe802"), ({"fields": ["GUEST_CR3 (a page)"]}, 1, "GUEST_CR3")])
def test_the_fields_that_f_stands_for(given: dict[str, Any], count: int, first: str) -> None:
    found = fields(case("L2: vmread field f", given=given))
    assert (len(found), found[0]) == (count, first)


def test_a_kind_of_field_that_nobody_knows() -> None:
    with pytest.raises(Unsupported, match="^given f: a green one"):
        fields(case("L2: vmread field f", given={"f": "a green one"}))
