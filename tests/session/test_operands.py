"""Operand types."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session import operands
from kvmdbg.session.parse import MISSING
from session_support import session

S = session("stepi 3", "break flush", "tbreak vmentry", "bookmark here")


@pytest.mark.parametrize(("operand", "text", "value"), [
    (operands.CountOperand(), "3", 3), (operands.NumberOperand("N", ""), "4K", 4096),
    (operands.NumberOperand("N", ""), "-1", 2**64 - 1),
    (operands.NumberOperand("N", ""), "vcpu.vpid", 1), (operands.PositionOperand(), "#2", 2),
    (operands.PositionOperand(), "here", 3),
    (operands.VcpuOperand(), "vcpu0", 0), (operands.VcpuOperand(), "0", 0), (operands.VcpuOperand(in_front=True), "nop", MISSING),
    (operands.NumbersOperand(), "1 3-5,7", (1, 3, 4, 5, 7)), (operands.ChoiceOperand("L", "L1", "ept12"), "e", "ept12"),
    (operands.ChoiceOperand("L", "gpa", in_front=True), "0x1000", MISSING), (operands.FormatOperand(), "4gx", (4, "x", "g")),
    (operands.FileOperand(), '"a b"', "a b"), (operands.ExpressionOperand(), "1 + 1", "1 + 1")])
def test_what_they_understand(operand: operands.Operand, text: str, value: object) -> None:
    taken = operand.parse(S, text) if operand.slash else operand.take(S, text)[0]
    assert taken == value


@pytest.mark.parametrize(("operand", "text"), [
    (operands.CountOperand(), "0"), (operands.CountOperand(), "$x"), (operands.NumberOperand("N", ""), '"a"'),
    (operands.VcpuOperand(), "5"), (operands.VcpuOperand(in_front=True), "vcpu5"), (operands.NumbersOperand(), "a"),
    (operands.NumbersOperand(), "1-99999999"), (operands.ChoiceOperand("L", "L1", "L2"), "L"), (operands.FormatOperand(), "xx"),
    (operands.FormatOperand(), "4i"), (operands.BreakpointOperand(), "9"), (operands.BreakpointOperand(), "x"),
    (operands.InstructionOperand(), "mvo"), (operands.ExpressionOperand(), "1 +")])
def test_what_they_refuse(operand: operands.Operand, text: str) -> None:
    with pytest.raises(UserError):
        operand.take(S, text) if not operand.slash else operand.parse(S, text)


def test_breakpoints_by_number() -> None:
    assert operands.BreakpointOperand().parse(S, "1") is S.breakpoints[1]
    assert operands.BreakpointOperand().parse(S, "$bpnum") is S.breakpoints[2]
    assert [one.text for one in operands.NumbersOperand().complete(S, "1 ")] == ["1", "2"]


@pytest.mark.parametrize(("text", "expected", "start"), [
    ("vcpu.vpid0", "vpid02", 5), ("1 + vmcs02.EPT_P", "EPT_POINTER", 11), ("tlb[vp", "vpid", 4),
    ("TLB_FLUSH & INVV", "INVVPID", 12),
    ("vcpu0", "vcpu0", 0), ("", "tlb", 0), ("mmu.root.hp", "hpa", 9)])
def test_completion_inside_an_expression(text: str, expected: str, start: int) -> None:
    found = {one.text: one.start for one in operands.complete_expression(S, text)}
    assert found[expected] == start


def test_completion_of_a_location() -> None:
    complete = operands.LocationOperand().complete
    assert "flush:single-context" in [one.text for one in complete(S, "flush:s")]
    assert "vcpu_enter_guest" in [one.text for one in complete(S, "vcpu_en")]
    assert [one.text for one in complete(S, "flush i")] == ["if"]
    assert ("vpid02", 14) in [(one.text, one.start) for one in complete(S, "flush if vcpu.vpi")]


def test_completion_of_an_unknown_owner_offers_nothing() -> None:
    assert operands.complete_expression(S, "nonsense.a") == []


@pytest.mark.parametrize(("text", "expected", "start"), [
    ("", "v4.3", 0), ("v4.3 ", "v4.4", 5), ("v4.3 v4.4 | v6.1", "v6.12", 12), ("v4.3 | v6.12 -2b4", "-2b4a5a5d5688", 13)])
def test_completion_of_several_kernels(text: str, expected: str, start: int) -> None:
    assert (expected, start) in [(one.text, one.start) for one in operands.KernelsOperand().complete(S, text)]
