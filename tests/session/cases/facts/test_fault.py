"""Faults, and exceptions that L1 takes as exits."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.fact import check, check_outcome


def test_a_page_fault_of_l2() -> None:
    (step,) = observe("L2: store <unmapped>")
    assert check_outcome(step, "fault") == ""
    assert check(step, "vector", "#PF") == "" and check(step, "vector", 14) == "" and check(step, "vector", "#GP") == "#PF"
    assert check(step, "error_code", 2) == "" and check(step, "error_code", 3) == "0x2"
    assert check(step, "error_code_has", ["write"]) == "" and check(step, "error_code_has", ["present", "write"]) == "0x2"


def test_a_fault_that_kvm_gives_l1() -> None:
    (step,) = observe("L1: invvpid type=1 desc=@<non-canonical>")
    assert check_outcome(step, "fault") == "" and check(step, "vector", "#GP") == "" and check(step, "error_code", 0) == ""


def test_an_exception_that_l1_intercepts_is_an_exit_with_a_vector() -> None:
    steps = observe("L1: vmwrite EXC_BITMAP 0x4000", "L2: store <unmapped>")
    assert check_outcome(steps[1], "vmexit") == "" and check(steps[1], "reason", 0) == ""
    assert check(steps[1], "vector", 14) == "" and check(steps[1], "vector", "#GP") == "exit for vector 14"
    assert check(steps[1], "error_code", 2) == ""


def test_what_is_no_fault() -> None:
    (step,) = observe("L1: nop")
    assert check_outcome(step, "fault") == check(step, "vector", "#PF") == check(step, "error_code", 0) == "it runs"
    with pytest.raises(Unsupported, match="^error_code_has: loud: no such bit$"):
        check(step, "error_code_has", ["loud"])
