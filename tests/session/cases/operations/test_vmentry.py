"""vmlaunch, vmresume, and the words that leave the choice."""

from __future__ import annotations

import pytest

from casework import harness as fresh
from casework import observe, operation, said, verdict
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.operations.vmentry import enter, vmentry


@pytest.mark.parametrize("step", ["L1: vmlaunch", "L1: vmlaunch / vmresume (rows with entry)", "L1: vmlaunch or vmresume"])
def test_a_clear_vmcs_is_launched(step: str) -> None:
    h = fresh()
    start = len(h.player.lines)
    vmentry(h, *operation(step))
    assert h.level == 2 and said(h, start) == ["inject vmlaunch"]


def test_a_launched_vmcs_is_resumed() -> None:
    h = fresh()
    h.bring(2)
    h.bring(1)
    enter(h, *operation("L1: enter L2"))
    assert h.level == 2 and h.player.lines[-1] == "inject vmresume"


def test_the_wrong_instruction_fails_as_it_should() -> None:
    assert observe("L1: vmlaunch", "L2: vmcall", "L1: vmlaunch")[2].seen.error == 4
    assert observe("L2: vmcall", "L1: vmclear region; vmptrld region", "L1: vmresume")[2].seen.error == 5


def test_other_forms_are_unsupported() -> None:
    with pytest.raises(Unsupported, match="only the plain instruction is done"):
        observe("L1: vmlaunch with a bad hair field")
    with pytest.raises(Unsupported, match="only `enter L2` is done"):
        observe("L1: enter the house")


def test_what_is_bad_in_the_vmcs_and_its_repair() -> None:
    seen = observe("L1: vmlaunch with a bad control field and a bad host field", "L1: repair the control field; vmlaunch",
                   "L1: repair both; vmlaunch with a bad guest field", "L1: repair it; vmlaunch")
    assert [(one.seen.kind, one.seen.error) for one in seen] == [
        ("VMfailValid", 7), ("VMfailValid", 8), ("entry_failure", 0), ("entered", 0)]


def test_only_what_was_bad_is_repaired() -> None:
    with pytest.raises(Unsupported, match="only fields that a step before has spoilt"):
        observe("L1: repair both")
    with pytest.raises(Unsupported, match="only fields that a step before has spoilt"):
        observe("L1: vmlaunch with a bad host field", "L1: repair the control field")


@pytest.mark.parametrize(("insn", "reason"), [("vmlaunch", 20), ("vmresume", 24)])
def test_an_l2_that_enters_a_guest_exits(insn: str, reason: int) -> None:
    assert verdict(f"L2: {insn}", expect=[{"step": 1, "outcome": "vmexit", "reason": reason}]).reason == ""


@pytest.mark.parametrize("insn", ["vmlaunch", "vmresume"])
def test_outside_vmx_operation_and_without_a_vmcs(insn: str) -> None:
    fault = {"step": 1, "outcome": "fault", "vector": "#UD"}
    assert verdict(f"L1: {insn}", given={"vmx": "not entered"}, expect=[fault]).reason == ""
    assert verdict(f"L1: {insn}", given={"vmcs": "none"}, expect=[{"step": 1, "outcome": "VMfailInvalid"}]).reason == ""
