"""Output formats."""

from __future__ import annotations

import pytest

from kvmdbg.session import expr
from kvmdbg.session.formats import displayed, formatted, kept
from session_support import session

S = session("stepi")


@pytest.mark.parametrize(("value", "letter", "text"), [
    (255, "x", "0xff"), (-1, "x", "0xffffffffffffffff"), (255, "o", "0377"), (0, "o", "0"), (5, "t", "101"), (65, "c", "65 'A'"),
    (1, "c", "1 '\\001'"), (2**64 - 1, "d", "-1"), (-1, "u", "18446744073709551615"), (4096, "", "0x1000"), (4096, "d", "4096"),
    (True, "d", "1"), ("text", "x", '"text"'), ((1, 16), "x", "{0x1, 0x10}"), (4096, "a", "0x1000")])
def test_formats(value: object, letter: str, text: str) -> None:
    assert formatted(value, letter) == text


def test_structures_are_formatted_inside() -> None:
    assert "requests = 0x0" in formatted(expr.evaluate("vcpu0", S.scope()), "x")
    assert "hpa = 0xffffffffffffffff" in formatted(expr.evaluate("root_mmu.root", S.scope()), "x")


def test_the_history_keeps_plain_values() -> None:
    assert kept(expr.evaluate("vcpu0", S.scope())) == 0
    assert isinstance(kept(expr.evaluate("vmcs01", S.scope())), str)
    assert kept(expr.evaluate("tlb", S.scope())).part("count") == 0


def test_a_display_that_cannot_be_computed_says_why() -> None:
    assert displayed(S.scope(), 1, "", "vcpu.vpid").text == "1: vcpu.vpid = 1"
    assert displayed(S.scope(), 2, "x", "vcpu9.vpid").text == "2: /x vcpu9.vpid = <there is no vcpu9>"
