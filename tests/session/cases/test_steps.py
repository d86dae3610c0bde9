"""The grammar of steps, from single words to every step of the shared files."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.matrix import instances, step_text
from kvmdbg.session.cases.reader import read_file
from kvmdbg.session.cases.steps import Actor, Operand, parse_step
from support import shared_path


@pytest.mark.parametrize(("text", "actors"), [
    ("L1: vmxon", (Actor("L1", 0, 0),)), ("L1(cpl3): vmxon", (Actor("L1", 0, 3),)), ("L1(user): load V", (Actor("L1", 0, 3),)),
    ("L2: nop", (Actor("L2", 0, 0),)), ("L0: x", (Actor("L0", 0, 0),)), ("L0.user: run", (Actor("L0.user", 0, 0),)),
    ("host: run", (Actor("host", 0, 0),)), ("guest: load V", (Actor("guest", 0, 0),)), ("SMM: rsm", (Actor("SMM", 0, 0),)),
    ("cpu1: kick", (Actor("cpu", 1, 0),)), ("vcpu0: kick", (Actor("vcpu", 0, 0),)),
    ("VP2, VP65: load gva=A", (Actor("VP", 2, 0), Actor("VP", 65, 0))), ("L2 on v3: nop", (Actor("L2", 3, 0),)),
    ("explore every interleaving of V and S", ()), ("note to the reader: nothing happens here", ()),
])
def test_actors(text: str, actors: tuple[Actor, ...]) -> None:
    assert parse_step(text).actors == actors


def test_a_word_with_a_colon_that_is_no_actor_is_unsupported() -> None:
    with pytest.raises(Unsupported, match="^L3: no actor of the language"):
        parse_step("L3: vmcall")


def test_a_remark_has_no_operation() -> None:
    assert parse_step("explore every interleaving of V and S").operations == ()


def test_operations_are_split_at_semicolons_but_not_in_brackets() -> None:
    step = parse_step("L1: vmptrld A; mov cr4 (toggle; MCE); vmread X # a; b")
    assert [(op.word, op.plain, op.aside) for op in step.operations] == [
        ("vmptrld", ("A",), ""), ("mov", ("cr4",), "toggle; MCE"), ("vmread", ("X",), "")]


@pytest.mark.parametrize(("text", "operands"), [
    ("invvpid type=-125 vpid=0xffff gla=0x0", [("type", "-125"), ("vpid", "0xffff"), ("gla", "0x0")]),
    ("invvpid type=<lowest supported> desc=@unmapped", [("type", "<lowest supported>"), ("desc", "@unmapped")]),
    ("vmread field=~0", [("field", "~0")]), ("invept type=1 eptp=A|AD", [("type", "1"), ("eptp", "A|AD")]),
    ("vmwrite HOST_CR4 |= LA57", [("", "HOST_CR4"), ("", "|="), ("", "LA57")]),
    ("pte_set gva=V A/D=A+D", [("gva", "V"), ("A/D", "A+D")]),
    ("ept_set gpa=G perms=r-- level=1", [("gpa", "G"), ("perms", "r--"), ("level", "1")]),
    ("pte_set gva=V -> other frame", [("gva", "V"), ("", "->"), ("", "other"), ("", "frame")]),
    ("vmclear region | 1 << (MAXPHYADDR+1)", [("", "region"), ("", "|"), ("", "1"), ("", "<<"), ("", "(MAXPHYADDR+1)")]),
    ("mov cr3, cr3", [("", "cr3"), ("", "cr3")]), ("vmxon", []), ("hypercall xmm0=[mask 1<<2, A]", [("xmm0", "[mask 1<<2, A]")]),
])
def test_operands(text: str, operands: list[tuple[str, str]]) -> None:
    (operation,) = parse_step(f"L1: {text}").operations
    assert operation.operands == tuple(Operand(*operand) for operand in operands)


def test_a_remark_starts_at_a_hash_but_not_at_an_exception() -> None:
    assert parse_step("L1: inject #GP with error code   # now").operations[0].plain == ("#GP", "with", "error", "code")


def test_a_list_of_words_shares_its_operands() -> None:
    assert [(op.word, op.named("gpa")) for op in parse_step("L2: load, store, fetch gpa=G").operations] == [
        ("load", "G"), ("store", "G"), ("fetch", "G")]


def test_a_range_makes_one_operation_for_each_integer() -> None:
    assert [op.named("type") for op in parse_step("L1: invpcid type=0..3 pcid=0").operations] == ["0", "1", "2", "3"]


def test_an_aside_alone_is_an_operation_without_a_word() -> None:
    (operation,) = parse_step("L1: (does nothing)").operations
    assert (operation.word, operation.aside) == ("", "does nothing")


def test_every_step_of_the_shared_cases_parses() -> None:
    for file in sorted((shared_path() / "cases").glob("*.yaml")):
        for case in read_file(str(file)):
            for instance in instances(case):
                for step in case.steps:
                    parsed = parse_step(step_text(step, dict(instance.values)))
                    assert parsed.operations or not parsed.actors


@pytest.mark.parametrize(("text", "field", "value"), [("ACTIVITY = 1", "ACTIVITY", "1"), ("EPTP = 5", "EPTP", "5")])
def test_a_field_by_a_name_that_only_cases_have_is_written_too(text: str, field: str, value: str) -> None:
    (written,) = parse_step(f"L1: {text}").operations
    assert (written.word, written.plain) == ("vmwrite", (field, value))
