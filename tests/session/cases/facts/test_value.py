"""Results of reads."""

from __future__ import annotations

from casework import WITH_VPID, observe, verdict
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


def test_all_ones() -> None:
    assert verdict("L1: vmptrst", given={"vmcs": "none"}, expect=[{"step": 1, "value": "~0"}]).reason == ""
    assert verdict("L1: vmptrst", expect=[{"step": 1, "value": "~0"}]).status == "FAIL"


def test_every_field_as_written() -> None:
    steps = ("L1: vmwrite every field with a value derived from 0x42", "L1: vmread every field")
    asked = [{"step": 2, "value": "what was written, cut to the width of the field"}]
    assert verdict(*steps, expect=asked).reason == ""
    assert verdict(steps[1], expect=[{**asked[0], "step": 1}]).status == "unsupported"


def test_bounds_are_of_signed_numbers() -> None:
    steps = ("L1: wrmsr FS_BASE -5", "L1: rdmsr FS_BASE")
    for bound, holds in (("<= -5", True), ("< -5", False), (">= -(1 << 3)", True), ("> 0", False), ("<= 1 << 32", True)):
        result = verdict(*steps, expect=[{"step": 2, "value": bound}])
        assert (result.status == "ok") is holds, bound
