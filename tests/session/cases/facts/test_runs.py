"""`runs` and `no_fault`."""

from __future__ import annotations

import pytest

from casework import OPEN_EPT, observe
from kvmdbg.session.cases.fact import check_outcome


@pytest.mark.parametrize("word", ["runs", "no_fault"])
def test_every_operation_must_run(word: str) -> None:
    assert check_outcome(observe("L1: mov cr4 (toggle MCE)")[0], word) == ""
    assert check_outcome(observe("L2: load, store gva=V")[0], word) == ""
    assert check_outcome(observe("L2: vmcall; nop")[0], word) == "vmcall: VM exit 18 (VMCALL), qualification 0x0"
    assert check_outcome(observe("L2: load <unmapped>")[0], word) == "load: #PF with error code 0x0"


def test_an_exit_that_l0_handles_is_no_exit() -> None:
    (step,) = observe("L2: load gpa=G", given=OPEN_EPT)      # EPT violations that build EPT02
    assert check_outcome(step, "runs") == ""


def test_nothing_done_is_not_running() -> None:
    (step,) = observe("L1: nop")
    assert check_outcome(step._replace(operations=()), "runs") == "nothing happened"
