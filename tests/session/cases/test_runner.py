"""Running cases: two families of the shared folder hold, every other file is read, and failure can happen."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from casework import case, verdict
from kvmdbg.errors import UserError
from kvmdbg.session.cases.model import Matrix
from kvmdbg.session.cases.reader import read_file
from kvmdbg.session.cases.runner import FAIL, OK, UNSUPPORTED, Runner, cases_of, check_cases
from support import shared_path

CASES = shared_path() / "cases"
# What the first slice may leave out, each for a reason that a later issue names.
LEFT_OUT = {"PML5: no symbol with a value here"}


@pytest.mark.parametrize("family", ["invvpid", "vpid_sharing"])
def test_a_family_holds(family: str) -> None:
    results = list(check_cases(cases_of([str(CASES / f"{family}.yaml")])))
    wrong = [(verdict.instance.case.id, verdict.instance.label, verdict.reason) for result in results for verdict in result.verdicts
             if verdict.status == FAIL or (verdict.status == UNSUPPORTED and verdict.reason not in LEFT_OUT)]
    assert wrong == []
    passed = sum(result.count(OK) for result in results)
    assert passed >= {"invvpid": 329, "vpid_sharing": 15}[family]


def test_our_own_cases_hold() -> None:
    results = list(check_cases(cases_of([str(Path(__file__).with_name("own.yaml"))])))
    assert [(one.instance.case.id, one.reason) for result in results for one in result.verdicts if one.status != OK] == []
    assert sum(result.count(OK) for result in results) == 24


def test_our_own_entry_checks_hold() -> None:
    results = list(check_cases(cases_of([str(Path(__file__).with_name("own_checks.yaml"))])))
    assert [(one.instance.case.id, one.reason) for result in results for one in result.verdicts if one.status != OK] == []
    assert sum(result.count(OK) for result in results) == 127


def test_our_own_events_hold() -> None:
    results = list(check_cases(cases_of([str(Path(__file__).with_name("own_events.yaml"))])))
    assert [(one.instance.case.id, one.reason) for result in results for one in result.verdicts if one.status != OK] == []
    assert sum(result.count(OK) for result in results) == 78


@pytest.mark.parametrize("file", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_file_runs_to_a_verdict_of_each_instance(file: Path) -> None:
    for result in check_cases(cases_of([str(file)])):
        assert result.verdicts
        for one in result.verdicts:
            assert one.status in (OK, FAIL, UNSUPPORTED)
            assert bool(one.reason) == (one.status != OK)
            assert "kvmdbg is wrong" not in one.reason


def broken(case_id: str, old: str, new: str, tmp_path: Path) -> Path:
    """The file of INVVPID cases with one value of one case changed."""
    text = (CASES / "invvpid.yaml").read_text()
    start = text.index(f"- id: {case_id}\n")
    end = text.find("\n- id:", start)
    body = text[start:end]
    assert old in body
    file = tmp_path / "invvpid.yaml"
    file.write_text(text[:start] + body.replace(old, new) + text[end:])
    return file


@pytest.mark.parametrize(("case_id", "old", "new", "reason"), [
    ("INVVPID-O03", "[2, 0x0, 0x0, VMsucceed, 12]", "[2, 0x0, 0x0, VMfailValid, 12]",
     "step 2 (L1: invvpid type=2 vpid=0 gla=0): outcome: expected VMfailValid, seen VMsucceed"),
    ("INVVPID-O03", "error: 12", "error: 13", "step 1 (L1: vmread field=~0): error: expected 0xd, seen 0xc"),
    ("INVVPID-O05", "value: 12", "value: 28", "step 3 (L1: vmread VM_INSTRUCTION_ERROR): value: expected 0x1c, seen 0xc"),
    ("INVVPID-O05", "{CF: 0, ZF: 0}", "{CF: 0, ZF: 1}",
     "step 2 (L1: invvpid type=2 vpid=0xffff gla=0): flags: expected {'CF': 0, 'ZF': 1}, seen 0x0"),
    ("INVVPID-O06", "'#GP'", "'#PF'",
     "step 1 (L1: invvpid type=<lowest supported> desc=@0xaaaaaaaaaaaaaaaa): vector: expected #PF, seen #GP"),
    ("INVVPID-O11", "not_flushed: [vpid01]", "not_flushed: [vpid02]",
     "step 1 (L1: invvpid type=1 vpid=7 gla=0): not_flushed: expected ['vpid02'], seen INVVPID of vpid02"),
    ("INVVPID-O12", "reason: 53", "reason: 50", "step 1 (L2: invvpid type=2 vpid=1 gla=0): reason: expected 0x32, seen 0x35"),
])
def test_a_broken_expectation_fails(case_id: str, old: str, new: str, reason: str, tmp_path: Path) -> None:
    (result,) = check_cases(cases_of([str(broken(case_id, old, new, tmp_path))], case_id))
    assert result.status == FAIL
    assert reason in [one.reason for one in result.verdicts]


def test_a_broken_machine_fails() -> None:
    """The other way round: right expectations, a kernel that behaves otherwise (v4.4 repeats an illegal INVVPID for ever)."""
    right = next(one for one in read_file(str(CASES / "invvpid.yaml")) if one.id == "INVVPID-O03")
    old = right._replace(source=right.source._replace(file="seed document (nested VPID emulation)"))
    result = Runner().run_case(old)
    assert [verdict.status for verdict in result.verdicts] == [FAIL, FAIL]
    assert "no progress: 'invvpid 0x0, @0x104000' exits again and again" in result.verdicts[0].reason


def test_nothing_compared_is_a_failure() -> None:
    assert verdict("L1: nop")[1:3] == (FAIL, "nothing was compared")
    assert verdict("L1: nop", expect=[{"step": 1, "on": "SVM", "outcome": "svm_exit"}])[1:3] == (FAIL, "nothing was compared")


@pytest.mark.parametrize(("steps", "expect", "reason"), [
    (("L1: levitate",), {"outcome": "runs"}, "levitate: no operation that the runner knows"),
    (("L9: nop",), {"outcome": "runs"}, "L9: no actor of the language"),
    (("L1: nop",), {"outcome": "glory"}, "glory: no outcome that the runner knows"),
    (("L1: nop",), {"colour": "red"}, "colour: no key that the runner compares"),
    (("L1: vmread FROB",), {"value": 1}, "FROB: no VMCS field"),
    (("L1: vmread VPID",), {"value": "FROB"}, "FROB: no symbol with a value here"),
])
def test_unknown_words_are_never_a_pass(steps: tuple[str, ...], expect: dict[str, object], reason: str) -> None:
    assert verdict(*steps, expect=[{"step": 1, **expect}])[1:3] == (UNSUPPORTED, reason)


def test_a_failed_fact_is_not_hidden_by_a_word_that_cannot_be_compared() -> None:
    found = verdict("L1: vmread VPID", expect=[{"step": 1, "outcome": "VMfail"}, {"step": 1, "value": "FROB"}])
    assert found.status == FAIL and found.reason.endswith("outcome: expected VMfail, seen VMsucceed")


def test_each_variant_of_a_range_must_hold() -> None:
    matrix = Matrix("", ("type", "outcome"), (("0..3", "VMsucceed"), ("2..4", "VMsucceed")), ())
    result = Runner().run_case(case("L1: invvpid type=$type vpid=1", expect=[{"step": 1, "outcome": "$outcome"}], matrix=matrix))
    assert [one.status for one in result.verdicts] == [OK, FAIL]
    assert [len(one.script) for one in result.verdicts] == [4, 3]
    assert "type=4" in result.verdicts[1].reason
    assert result.status == FAIL and result.count(OK) == 1


def test_instances_do_not_see_each_other() -> None:
    """Run alone, backwards or in order: each instance ends the same way."""
    one = next(case for case in read_file(str(CASES / "invvpid.yaml")) if case.id == "INVVPID-O09")
    runner = Runner()
    forwards = [verdict.status for verdict in runner.run_case(one).verdicts]
    again = [runner.run_instance(verdict.instance).status for verdict in reversed(Runner().run_case(one).verdicts)]
    assert Counter(forwards) == {OK: 12} and again == forwards


def test_files_are_read_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("schema: none\n")
    with pytest.raises(UserError, match="bad.yaml: the file: schema is 'none'"):
        cases_of([str(CASES / "invvpid.yaml"), str(tmp_path / "bad.yaml")])
    with pytest.raises(UserError, match="no case 'X' in these files"):
        cases_of([str(CASES / "invvpid.yaml")], "X")
