"""Facts about events: who got them, how often, in what state L2 was left."""

from __future__ import annotations

from typing import Any

import pytest

from casework import verdict

EVENTS = {"caps": {"preemption_timer": True, "activity_hlt": True}, "vmcs12": {"preemption_timer": True}}
PENDING = {"vmcs12": {"extint_exiting": True}, "l1": "interrupts off, self-IPI vector 0xf1 pending"}


@pytest.mark.parametrize(("fact", "status"), [
    ({"l2_instructions": 0}, "ok"), ({"l2_instructions": "> 0"}, "FAIL"), ({"delivered": 0}, "ok"), ({"delivered": 1}, "FAIL")])
def test_an_interrupt_that_waits_lets_nothing_of_l2_run(fact: dict[str, Any], status: str) -> None:
    assert verdict("L1: vmresume", expect=[{"step": 1, "outcome": "vmexit", "reason": 1, **fact}], given=PENDING).status == status


@pytest.mark.parametrize(("wanted", "status"), [
    ("vector 0xf1 handled by L1", "ok"), ("0xf1 handled by L1", "ok"), ("vector 0xf2 handled by L1", "FAIL"),
    ("vector 0xf1 handled by L2", "FAIL"), ("delivered once", "ok"), ("a miracle", "unsupported")])
def test_the_interrupt_comes_when_l1_lets_it(wanted: str, status: str) -> None:
    assert verdict("L1: vmresume", "L1: sti; nop; cli", expect=[{"step": 2, "event": wanted}], given=PENDING).status == status


@pytest.mark.parametrize(("wanted", "status"), [("HLT", "ok"), ("active", "FAIL"), ("asleep", "unsupported")])
def test_the_activity_state_that_l1_finds(wanted: str, status: str) -> None:
    assert verdict("L2: hlt", expect=[{"step": 1, "outcome": "vmexit", "reason": 52, "activity": wanted}],
                   given=EVENTS).status == status


@pytest.mark.parametrize(("fact", "status"), [
    ({"type": 6, "vector": 3}, "ok"), ({"type": 3}, "FAIL"), ({"intr_info": 0x80000603}, "ok"), ({"length": 1},
                                                                                                 "ok"), ({"length": 3}, "FAIL")])
def test_what_an_intercepted_exception_says(fact: dict[str, Any], status: str) -> None:
    assert verdict("L2: raise 3 with the bitmap bit set in vmcs12", expect=[{"step": 1, "outcome": "vmexit",
                                                                             **fact}]).status == status


@pytest.mark.parametrize(("wanted", "status"), [("L2", "ok"), ("L1", "FAIL")])
def test_who_handles_an_exception(wanted: str, status: str) -> None:
    assert verdict("L2: raise #UD", expect=[{"step": 1, "handled_by": wanted}]).status == status


@pytest.mark.parametrize(("runs", "status"), [(1, "ok"), (2, "FAIL")])
def test_how_often_a_handler_ran(runs: int, status: str) -> None:
    given = {"caps": {"mtf": True}, "l2": "rip is at the first instruction of the #DB handler; it returns to N+1"}
    assert verdict("L1: vmresume", expect=[{"step": 1, "outcome": "vmexit", "reason": 18, "handler_runs": runs}],
                   given=given).status == status


@pytest.mark.parametrize(("fact", "status"), [
    ({"idt_vectoring": 0x80000306}, "ok"), ({"idt_vectoring": "none"}, "FAIL"), ({"idt_vectoring_error": 0}, "ok"),
    ({"interruptibility": 0}, "ok"), ({"interruptibility": 8}, "FAIL")])
def test_an_exception_whose_gate_l1_does_not_map(fact: dict[str, Any], status: str) -> None:
    given = {"vmcs12": {"enable_ept": True}, "idt": "page not present in the EPT of L1"}
    assert verdict("L2: ud2", expect=[{"step": 1, "outcome": "vmexit", "reason": 48, **fact}], given=given).status == status
