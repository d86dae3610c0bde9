"""The expression language."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session import expr
from session_support import L2, session

S = session("map L1 0x400000 0x5000", *L2)


def value(text: str) -> object:
    return expr.evaluate(text, S.scope())


@pytest.mark.parametrize(("text", "result"), [
    ("1 + 2 * 3", 7), ("0x10", 16), ("7 / 2", 3), ("-1", -1), ("~0 & 0xff", 255), ("1 << 4 | 1", 17), ("not 0", True), ("!0", True),
    ("1 && 0", 0), ("1 || 0", 1), ("1 != 2", True), ("1 if 0 else 2", 2), ("1 < 2 < 3", True), ('"a" == "a"', True),
    ("2 in (1, 2)", True), ("(4, 5)[1]", 5), ("vcpu.vpid02", 2), ("vcpu0.vpid", 1), ("vcpu == 0", True), ("cpu0.vpid", 2),
    ("level", 2),
    ("vmcs02.VIRTUAL_PROCESSOR_ID", 2), ("vmcs12.virtual_processor_id", 1), ("INVVPID", 53), ("kernel", "v4.4"),
    ("config.enable_vpid", True), ("caps.tlb_capacity", 0), ('count("nested-entry")', 1), ('"!&&||$"', "!&&||$"),
    ("root_mmu.root.pgd == guest_mmu.root.pgd", True), ("position == end", True), ("tlb[vpid == 99].count", 0)])
def test_values(text: str, result: object) -> None:
    assert value(text) == result


@pytest.mark.parametrize(("text", "message"), [
    ("", "an expression is missing"), ("1 +", "is no expression"), ("vcpu.vpid03", "vcpu0 has no 'vpid03'  Did you mean vpid02?"),
    ("vcpux", 'No symbol "vcpux" in current context.  Did you mean vcpu?'), ("vcpu7", "there is no vcpu7  Only vcpu0."),
    ("vcpu.__class__", "has no '__class__'"), ("vcpu.tape", "has no 'tape'"), ("open('x')", "'open' cannot be called"),
    ("vcpu.vpid()", "cannot be called"), ("[x for x in (1,)]", "cannot contain"), ("lambda: 1", "cannot contain"),
    ("1 / 0", "cannot be computed"),
    ("1.5", "whole numbers and texts only"), ("1 << 100000", "shifts too far"), ("5 .real", "has no parts"),
    ("level[0]", "is no list"),
    ("vcpu < 1", "cannot be computed"), ("$9", "History has not yet reached $9."), ("2 ** 9", "cannot compute"),
    ("f'{1}'", "cannot contain"),
    ("(1, 2)[5]", "cannot be computed"), ("tlb[vpidd == 1]", None), ("len(5)", "cannot be computed")])
def test_mistakes_are_user_errors(text: str, message: str | None) -> None:
    if message is None:
        assert value(text) is not None          # no entry, so the filter was never asked
        return
    with pytest.raises(UserError) as wrong:
        value(text)
    assert message in str(wrong.value)


def test_a_filter_sees_tags_contents_and_the_state() -> None:
    s = session("map L1 0x400000 0x5000", "inject load 0x400000")
    for text in ('tlb[kind == combined and vpid == vcpu.vpid].count', 'tlb[page == 0x400000 and cpu == 0].count',
                 "tlb[write][page == 0x5000].count"):
        assert expr.evaluate(text, s.scope()) == 1, text
    with pytest.raises(UserError, match="vpid"):
        expr.evaluate("tlb[vpidd == 1]", s.scope())


def test_names_of_the_event_come_first() -> None:
    assert expr.evaluate("vpid == 7 and vcpu.vpid == 1", S.scope({"vpid": 7, "vcpu": 0}))


def test_explain_names_the_comparison_that_failed() -> None:
    assert expr.explain("vcpu.vpid02 == 3", S.scope()) == "vcpu.vpid02 is 2"
    assert expr.explain("level == 2 and vcpu.vpid == 5", S.scope()) == "vcpu.vpid is 1"
    assert expr.explain("1 == 2", S.scope()) == "it is false"
    assert expr.explain("not level", S.scope()) == "not level is False"


def test_a_deep_expression_is_a_mistake_and_no_crash() -> None:
    with pytest.raises(UserError):
        value("(" * 5000 + "1" + ")" * 5000)


def test_an_evaluation_changes_nothing() -> None:
    before = S.tape.end, S.tape.digest()
    value("gpa(0x700000) + len(tlb) + vmcs12.GUEST_CR3")
    assert (S.tape.end, S.tape.digest()) == before
