"""Results of reads."""

from __future__ import annotations

from casework import WITH_VPID, observe
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.fact import check


def test_numbers_symbols_and_alternatives() -> None:
    step = observe("L1: vmptrst")[0]
    assert check(step, "value", binding.VMCS_A) == check(step, "value", "A") == check(step, "value", "region") == ""
    assert check(step, "value", "B") == hex(binding.VMCS_A)
    assert check(step, "value_one_of", ["B", "A"]) == "" and check(step, "value_one_of", ["B", "C"]) == hex(binding.VMCS_A)


def test_a_truth_is_not_a_number() -> None:
    step = observe("L0: has_guest_tlb_tag?", given=WITH_VPID)[0]
    assert check(step, "value", True) == "" and check(step, "value", False) == "true" and check(step, "value", 1) == "true"


def test_a_step_that_reads_nothing_has_no_value() -> None:
    assert check(observe("L1: vmclear region")[0], "value", 0) == "no value: VMsucceed"
