"""Exits of L2 that L1 gets."""

from __future__ import annotations

import pytest

from casework import OPEN_EPT, observe
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.fact import Observed, check, check_outcome

VIOLATION = ("L1: ept_set gpa=G perms=r--", "L1: invept type=1", "L2: $op gpa=G")


def violation(op: str, **given: object) -> Observed:
    steps = [step.replace("$op", op) for step in VIOLATION]
    return observe(*steps, given={**OPEN_EPT, **given})[-1]


def test_reason_and_qualification() -> None:
    step = violation("store")
    assert check_outcome(step, "vmexit") == "" and check(step, "reason", 48) == "" and check(step, "reason", 49) == "0x30"
    assert check(step, "exit_reason", 48) == ""
    assert check(step, "qualification", 0x18A) == "" and check(step, "qualification", 0x182) == "0x18a"
    assert check(step, "qualification_has", 0x8A) == "" and check(step, "qualification_has", 1) == "0x18a"


def test_bits_that_the_source_masks_off() -> None:
    step = violation("store", qualification_mask="bits 9:7 masked off")
    assert check(step, "qualification", 0xA) == "" and check(step, "qualification", 0x0B) == "0xa"
    strange = violation("store")._replace(given={"qualification_mask": "the odd ones"})
    with pytest.raises(Unsupported, match="^qualification_mask: the odd ones$"):
        check(strange, "qualification", 0)


def test_the_guest_physical_address_by_operation() -> None:
    both = "G for load and store, G+8 for fetch"
    assert check(violation("store"), "gpa", both) == "" and check(violation("fetch_user"), "gpa", both) == ""
    assert check(violation("store"), "gpa", "G+8 for store") == hex(1 << 39)
    assert check(violation("load"), "gpa", both) == ""             # it runs: there is no address to compare
    with pytest.raises(Unsupported, match="says nothing for store"):
        check(violation("store"), "gpa", "G for load, G+8 for fetch")


def test_a_page_in_words_is_compared_as_a_page() -> None:
    steps = observe("L1: ept_set gpa=<page of the PTE> perms=---", "L1: invept type=1", "L2: load gva=V", given=OPEN_EPT)
    assert check(steps[-1], "gpa", "page of the PTE") == ""


def test_without_an_exit_there_is_nothing_to_compare() -> None:
    (step,) = observe("L1: vmread VPID")
    for key in ("reason", "exit_reason", "qualification", "qualification_has"):
        assert check(step, key, 0) == "VMsucceed"
    assert check_outcome(step, "vmexit") == "VMsucceed"


@pytest.mark.parametrize(("count", "settled"), [("max+1", False), ("1", True)])
def test_the_exit_reason_of_an_msr_list_above_its_limit_is_not_settled(count: str, settled: bool) -> None:
    """Nor is it compared with anything but what KVM reports; the qualification is."""
    given = {"list": "one entry: FS_BASE" if settled else "every entry is TSC, the memory behind it is filled with 0xff"}
    (step,) = observe(f"L1: vmwrite ENTRY_MSR_LOAD_COUNT {count}; vmlaunch", given=given)
    assert check(step, "exit_reason", 0x8000_0022) == "" == check(step, "qualification", count)
    if settled:
        assert check(step, "exit_reason", 0x8000_0021) == "0x80000022" and check(step, "reason", 33) == "0x22"
        return
    for name, wanted in (("exit_reason", 0x8000_0021), ("reason", 33)):
        with pytest.raises(Unsupported, match="only the qualification is sure"):
            check(step, name, wanted)
