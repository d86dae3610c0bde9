"""Where questions are asked."""

from __future__ import annotations

from kvmdbg.machine.eras.answers import questions
from kvmdbg.session.asking import asked, asked_in
from session_support import session

session()


def test_calls_of_an_era_are_found_with_their_function_and_line() -> None:
    lines = ("def f(kvm, era):", " if kvm.era.has_vpid02():", "  era.request_bits()", " kvm.has_vpid02()", " kvm.era.nonsense()")
    found = [(one.question, one.function, one.line) for one in asked_in("x.py", "\n".join(lines))]
    assert found == [("has_vpid02", "f", 2), ("request_bits", "f", 3)]


def test_the_model_asks_its_questions() -> None:
    found = asked()
    assert set(questions()) >= {one.question for one in found} >= {"transition_flush", "has_vpid02", "service_order"}
    assert ("transition_flush", "nested_vmx_transition_tlb_flush") in {(one.question, one.function) for one in found}
    assert all(one.line > 0 and one.file.endswith(".py") for one in found)
