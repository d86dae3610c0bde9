"""User space and a vCPU's events."""

from __future__ import annotations

import pytest

from casework import harness, operation, said, verdict
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.operations.user_events import get_events, run, set_events

INTERCEPTS = {"vmcs12": {"exc_bitmap": "#SS #GP"}}


def test_a_pending_exception_survives_an_immediate_exit() -> None:
    found = verdict("L0.user: set_events pending=#SS error=0xdeadbeef; immediate_exit=1; run", "L0.user: get_events",
                    "L0.user: run", given=INTERCEPTS,
                    expect=[{"step": 1, "outcome": "EINTR"},
                            {"step": 2, "pending": True, "injected": False, "vector": 12, "error_code": 0xDEADBEEF},
                            {"step": 3, "outcome": "vmexit", "reason": 0, "vector": 12, "error_code": 0xBEEF}])
    assert (found.status, found.reason) == ("ok", "")


def test_a_triple_fault_of_l2_is_an_exit() -> None:
    found = verdict("L0.user: set_events triple_fault pending; immediate_exit=1; run", "L0.user: get_events", "L0.user: run",
                    given={"svm": "shutdown not intercepted"},
                    expect=[{"step": 2, "triple_fault_pending": True}, {"step": 3, "outcome": "vmexit", "reason": 2, "on": "VMX"}])
    assert (found.status, found.reason) == ("ok", "")


@pytest.mark.parametrize(("intercepts", "facts"), [
    ("#SS #GP #DF", {"reason": 0, "vector": 13, "error_code": 0x63}), ("#SS #DF", {"reason": 0, "vector": 8, "error_code": 0}),
    ("#SS", {"reason": 2})])
def test_an_injected_exception_meets_an_empty_idt(intercepts: str, facts: dict[str, int]) -> None:
    """nested_exceptions_test.c: what comes of it depends on what L1 wants to see."""
    found = verdict("L0.user: set_events injected=#SS error=0xdeadbeef; run", given={"l1": f"intercepts {intercepts}, IDT limit 0"},
                    expect=[{"step": 1, "outcome": "vmexit", **facts}])
    assert (found.status, found.reason) == ("ok", "")


def test_a_wrong_fact_fails() -> None:
    found = verdict("L0.user: set_events pending=#SS error=1", "L0.user: get_events", given=INTERCEPTS,
                    expect=[{"step": 2, "vector": 13}])
    assert found.status == "FAIL" and "#SS is told" in found.reason


def test_what_is_said() -> None:
    h = harness()
    start = len(h.player.lines)
    set_events(h, *operation("L0.user: set_events nmi pending, injected=#GP error=0x10"))
    assert said(h, start) == ["host events nmi_pending=1 injected=GP error=0x10"]


@pytest.mark.parametrize(("text", "what"), [("set_events weather=fine", set_events), ("get_events twice", get_events),
                                            ("run fast", run)])
def test_other_forms_are_unsupported(text: str, what: object) -> None:
    with pytest.raises(Unsupported):
        what(harness(), *operation(f"L0.user: {text}"))            # type: ignore[operator]
