"""Functions of expressions."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session import expr
from session_support import session

S = session("poke 0x5000 0x1234", "stepi 4")


@pytest.mark.parametrize(("text", "result"), [
    ("gpa(0x5000)", 0x1234), ("hpa(0)", 0), ("min(2, 1)", 1), ("max(vcpu, 1)", 1), ("abs(-2)", 2), ("bit(3)", 8),
    ("len((1, 2))", 2),
    ("bool(5)", True), ('stat("nothing")', 0), ('pending("KVM_REQ_TLB_FLUSH")', True), ('pending("TLB_FLUSH", vcpu0)', True)])
def test_values(text: str, result: object) -> None:
    S.execute("goto end")
    assert expr.evaluate(text, S.scope()) == result


@pytest.mark.parametrize(("text", "message"), [
    ("gpa(0x100000000)", "outside the guest's memory"), ('pending("TLB_FLSH")', "Did you mean TLB_FLUSH"),
    ("bit()", "cannot be computed")])
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        expr.evaluate(text, S.scope())
