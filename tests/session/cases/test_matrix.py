"""Instances: rows times axes; ranges in a row are variants of one instance; `$name` keeps types."""

from __future__ import annotations

import pytest

from kvmdbg.session.cases.matrix import extra_state, facts_of, instances, spell, step_text, substitute, variants
from kvmdbg.session.cases.model import NO_MATRIX, Case, Expectation, Matrix, Source
from kvmdbg.session.cases.reader import read_file
from support import shared_path


def case(matrix: Matrix = NO_MATRIX, steps: tuple[str, ...] = ("L1: $op",), expect: tuple[Expectation, ...] = ()) -> Case:
    return Case("f.yaml", "f", "F-O01", "title", Source("", "", "", ""), "test", {}, steps, matrix, expect, "")


def test_without_a_matrix_there_is_one_instance() -> None:
    (only,) = instances(case())
    assert (only.number, only.values, only.label) == (1, (), "")


def test_rows_times_axes_with_axes_inside() -> None:
    matrix = Matrix("", ("op", "bit"), (("load", 1), ("store", 2)), (("level", (1, 2)),))
    assert [i.label for i in instances(case(matrix))] == [
        "op=load bit=1 level=1", "op=load bit=1 level=2", "op=store bit=2 level=1", "op=store bit=2 level=2"]


def test_axes_alone_are_their_product() -> None:
    matrix = Matrix("", (), (), (("a", (1, 2)), ("b", (3, 4, 5))))
    assert len(instances(case(matrix))) == 6


def test_the_same_is_what_the_row_above_says_and_its_number_is_known() -> None:
    matrix = Matrix("", ("change",), (("flags 1",), ("the same with no VMCS",)), (("level", (1, 2)),))
    found = instances(case(matrix))
    assert [i.values[0][1] for i in found] == ["flags 1", "flags 1", "flags 1, no VMCS", "flags 1, no VMCS"]
    assert [i.row for i in found] == [1, 1, 2, 2]
    assert instances(case())[0].row == 1


def test_the_shared_cases_are_996_instances() -> None:
    files = sorted((shared_path() / "cases").glob("*.yaml"))
    assert sum(len(instances(one)) for file in files for one in read_file(str(file))) >= 996


def test_a_range_in_a_row_is_one_instance_of_several_variants() -> None:
    matrix = Matrix("", ("level", "bit"), (("1..2", "TOP..5"),), ())
    (only,) = instances(case(matrix))
    found = list(variants(only, lambda text: {"TOP": 4}.get(text) or int(text)))
    assert found == [{"level": 1, "bit": 4}, {"level": 1, "bit": 5}, {"level": 2, "bit": 4}, {"level": 2, "bit": 5}]


def test_single_bits_are_variants() -> None:
    def seen(text: str) -> list[object]:
        (one,) = instances(case(Matrix("m", ("op",), ((text,),), ())))
        return [values["op"] for values in variants(one, {"the alignment": 3, "61": 61, "63": 63, "99": 99}.__getitem__)]

    assert seen("one bit below the alignment") == [1, 2, 4]
    assert seen("one bit from 61 to 63") == [1 << 61, 1 << 62, 1 << 63] == seen("one bit from 61 to 99")
    assert seen("HOST_CR3: one bit from 63 to 63") == ["HOST_CR3: 0x8000000000000000"]
    assert seen("CR3 bit from 61 to 63") == ["CR3 bit 61", "CR3 bit 62", "CR3 bit 63"]
    assert seen("any PDPTE, bit 63, EFER.NX=0") == [f"PDPTE {which} bit 63, EFER.NX=0" for which in range(4)]


@pytest.mark.parametrize(("value", "result"), [
    ("$n", 5), ("$b", True), ("$none", None), ("x $n y", "x 5 y"), ("$big", 0x1000), ("at $big", "at 0x1000"),
    (["$n", {"k": "$b"}], [5, {"k": True}]), (7, 7), ("plain", "plain"), ("-$neg", "--3"),
])
def test_substitution_keeps_the_type_of_a_value_that_stands_alone(value: object, result: object) -> None:
    assert substitute(value, {"n": 5, "b": True, "none": None, "big": 0x1000, "neg": -3}) == result


def test_a_value_of_several_words_is_bracketed_where_an_operand_takes_it() -> None:
    values = {"t": "page of the PTE", "op": "outs (read)"}
    assert step_text("L2: $op gpa=$t", values) == "L2: outs (read) gpa=<page of the PTE>"


def test_null_and_unasserted_facts_are_left_out() -> None:
    wanted = Expectation(1, "", (("outcome", "$o"), ("error", "$e"), ("reason", "$none")))
    assert facts_of(wanted, {"o": "VMfail", "e": 2, "none": None}) == (("outcome", "VMfail"), ("error", 2))
    assert facts_of(wanted, {"o": "VMfail", "e": 2, "none": None, "asserted": "failure only"}) == (("outcome", "VMfail"),)


def test_columns_that_no_text_names_are_state_of_the_row() -> None:
    matrix = Matrix("", ("op", "vpid02", "asserted"), (("load", 2, "yes"),), ())
    (only,) = instances(case(matrix))
    assert extra_state(only) == {"vpid02": 2}


@pytest.mark.parametrize(("value", "text"), [(9, "9"), (10, "0xa"), (-125, "-125"), (True, "true"), (None, "null"), ("r-x", "r-x")])
def test_values_are_spelt_as_the_files_write_them(value: object, text: str) -> None:
    assert spell(value) == text


def test_any_of_some_values_are_variants() -> None:
    rows = (("HOST_SEL_CS", "0"), ("any of CS SS, TR", "RPL or TI not 0"), ("any of the above", 5))
    first, several, above = instances(case(Matrix("m", ("op", "value"), rows, ())))
    found = list(variants(several, int))
    assert [values["op"] for values in found[::7]] == ["HOST_SEL_CS", "HOST_SEL_SS", "HOST_SEL_TR"]
    assert [values["value"] for values in found[:7]] == [f"old value | {bits}" for bits in range(1, 8)]
    assert [values["op"] for values in variants(above, int)] == ["HOST_SEL_CS", "any of CS SS, TR"]
    assert [values["op"] for values in variants(first, int)] == ["HOST_SEL_CS"]


def test_any_of_words_without_a_name_that_ends_like_one_are_taken_as_they_are() -> None:
    (only,) = instances(case(Matrix("m", ("op",), (("any of HOST_CR0 HOST_CR4",),), ())))
    assert [values["op"] for values in variants(only, int)] == ["HOST_CR0", "HOST_CR4"]


@pytest.mark.parametrize(("text", "bits"), [("RPL not 0", [1, 2, 3]), ("TI not 0", [4])])
def test_bits_of_a_selector_are_variants(text: str, bits: list[int]) -> None:
    (only,) = instances(case(Matrix("m", ("op",), ((text,),), ())))
    assert [values["op"] for values in variants(only, int)] == [f"old value | {bit}" for bit in bits]
