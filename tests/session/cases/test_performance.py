"""Doing steps: what a step needs is made before it."""

from __future__ import annotations

from typing import Any

import pytest

from casework import OPEN_EPT, WITH_VPID, case, observe
from kvmdbg.machine.kvm.events import NestedEntered, NestedExited
from kvmdbg.session.cases.performance import resumes_first, vpid_of_earlier_entry
from kvmdbg.session.cases.words import read_steps


def test_the_entry_that_a_step_of_l2_needs_is_not_part_of_it() -> None:
    (step,) = observe("L2: nop")
    assert step.seen.kind == "runs" and step.events(NestedEntered) == []


def test_l2_is_left_for_a_step_of_l1_and_entered_again() -> None:
    steps = observe("L2: load gva=V", "L1: vmread VPID", "L2: load gva=V", given=WITH_VPID)
    assert [step.seen.kind for step in steps] == ["runs", "VMsucceed", "runs"]
    assert steps[1].events(NestedExited) == [] and steps[1].last.value == 1


def test_a_first_vmresume_finds_a_launched_vmcs() -> None:
    (step,) = observe("L1: vmresume")
    assert step.seen.kind == "entered"


def test_several_operations_are_all_seen_and_the_last_one_counts() -> None:
    (step,) = observe("L2: load, store, fetch gpa=G", given=OPEN_EPT)
    assert [one.word for one in step.operations] == ["load", "store", "fetch"]
    assert step.last.word == "fetch" and step.seen.accesses[0].access == "fetch"


def test_a_guest_that_runs_no_more_is_seen_as_such() -> None:
    (step,) = observe("L1: hlt")
    assert (step.seen.kind, str(step.seen)) == ("left", "it is halted until an event comes (`host irq`)")


def test_steps_act_at_the_privilege_level_that_they_say() -> None:
    steps = observe("L1(cpl3): vmread VPID", "L1: vmread VPID", "L2(user): vmcall", "L2: nop")
    assert [step.seen.kind for step in steps] == ["fault", "VMsucceed", "vmexit", "runs"]
    assert observe("L1: vmread VPID", given={"mode": "CPL3"})[0].seen.vector == "#GP"


@pytest.mark.parametrize(("premises", "vpid"), [
    ({}, None), ({"last_vpid": 5}, 5), ({"last_vpid": 0}, 0), ({"last_vpid": "value of vpid12 at the previous entry"}, None),
    ({"vpid12_differs_from_last": True, "vpid12_enabled": True}, 2),
    ({"vpid12_differs_from_last": False, "vpid12_enabled": True}, 1),
    ({"vpid12_differs_from_last": False, "vpid12_enabled": False}, 0),
    ({"vpid12_differs_from_last": False, "vpid12": 7}, 7),
])
def test_which_earlier_entry_a_row_speaks_of(premises: dict[str, Any], vpid: int | None) -> None:
    assert vpid_of_earlier_entry(premises) == vpid


@pytest.mark.parametrize(("steps", "resumes"), [
    (("L1: vmresume",), True), (("L1: vmlaunch", "L1: vmresume"), False), (("L2: nop", "L1: vmresume"), False),
    (("L2: pte_set gva=V -> other frame", "L1: vmresume"), True), (("L1: nop",), False),
])
def test_when_l2_must_have_been_launched_before(steps: tuple[str, ...], resumes: bool) -> None:
    assert resumes_first(read_steps(case(*steps), {})) == resumes


def test_an_exit_that_aborts_l1_is_none() -> None:
    (step,) = observe("L1: vmwrite EXIT_MSR_STORE_COUNT max+1; vmlaunch", given={"list": "every entry is TSC"})
    assert step.seen.kind == "left" and "VMX abort 1" in step.seen.note
