"""PDPTE registers over an EPTP switch."""

from __future__ import annotations

from typing import Any

import pytest

from casework import observe
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.fact import Observed, check

GIVEN: dict[str, Any] = {
    "l2": "PAE paging; the PDPT page has other contents under B",
    "vmcs12": {"enable_ept": True, "enable_vpid": True, "enable_vmfunc": True, "vmfunc_controls": 1,
               "eptp_list": "page with entries [A, B, A, BADTYPE]", "eptp": "A"}}
STEPS = ("L2: load gva=V", "L2: vmfunc eax=0 ecx=1", "L2: load gva=V", "L2: mov cr3, cr3")
THROUGH_B = "old PDPTEs, lower levels through B"


def last(number: int) -> Observed:
    return observe(*STEPS[:number], given=GIVEN)[-1]


def test_a_switch_leaves_them() -> None:
    step = last(2)
    assert check(step, "pdptes", "unchanged") == ""
    assert "under B there is" in check(step, "pdptes", "reloaded through B")


def test_the_walk_after_it_starts_at_the_old_ones() -> None:
    assert check(last(3), "walk", THROUGH_B) == ""
    assert check(last(1), "walk", THROUGH_B).startswith("entries at ")       # through A


def test_a_load_of_cr3_takes_them_through_the_new_ept() -> None:
    step = last(4)
    assert check(step, "pdptes", "reloaded through B") == ""
    assert ", and before " in check(step, "pdptes", "unchanged")


def test_what_cannot_be_told() -> None:
    step = last(1)
    for key in ("pdptes", "walk"):
        with pytest.raises(Unsupported):
            check(step, key, "somehow")
    (without,) = observe("L2: load gva=V", given={"l2": "PAE paging"})
    with pytest.raises(Unsupported):
        check(without, "walk", THROUGH_B)
