"""The debugger script of an instance gives the same machine in a session."""

from __future__ import annotations

import pytest

from kvmdbg.session.cases import given
from kvmdbg.session.cases.matrix import extra_state, instances
from kvmdbg.session.cases.reader import read_file
from kvmdbg.session.cases.runner import Runner
from kvmdbg.session.session import Session
from support import shared_path

CASES = (("invvpid", "INVVPID-O01"), ("invvpid", "INVVPID-O10"), ("invvpid", "INVVPID-O12"), ("vpid_sharing", "VPID-O01"),
         ("vpid_sharing", "VPID-O03"), ("vpid_sharing", "VPID-O04"), ("vpid_sharing", "VPID-O07"), ("invept", "INVEPT-O05"),
         ("event_injection", "EVENT-O15"), ("event_injection", "EVENT-O17"), ("event_injection", "EVENT-O18"),
         ("event_injection", "EVENT-O19"), ("event_injection", "EVENT-O29"), ("nested_state", "NST-O05"))


@pytest.mark.parametrize(("family", "case_id"), CASES)
def test_a_script_replays_to_the_state_that_the_instance_left(family: str, case_id: str) -> None:
    case = next(one for one in read_file(str(shared_path() / "cases" / f"{family}.yaml")) if one.id == case_id)
    instance = instances(case)[0]
    runner = Runner()
    (script,) = runner.run_instance(instance).script
    left = runner.base(given.read(case, extra_state(instance))).player.kvm.tape.digest()
    session = Session()
    session.run_script(f"{case_id}.kvmdbg", script.text())
    assert session.kvm.tape.digest() == left


def test_the_heading_says_what_it_is() -> None:
    case = read_file(str(shared_path() / "cases" / "invvpid.yaml"))[0]
    (script,) = Runner().run_instance(instances(case)[0]).script
    lines = script.text().splitlines()
    assert lines[0] == f"# {case.id}: {case.title}"
    assert lines[1].startswith("# from kvm-unit-tests/kvm-unit-tests 1da1819e49fc x86/vmx_tests.c invvpid_test")
    assert lines[2].startswith("# instance 1: type=-125 vpid=0xffff gla=0 ")
    assert lines[3] == "kernel v6.12"
    assert "# step 2: L1: invvpid type=-125 vpid=0xffff gla=0" in lines
