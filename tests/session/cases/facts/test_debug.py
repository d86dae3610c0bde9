"""Facts about pending debug exceptions and DR6."""

from __future__ import annotations

from typing import Any

import pytest

from casework import verdict

PENDING = ("L1: vmwrite PENDING_DEBUG 0x1002; vmwrite INTERRUPTIBILITY bit1=1",
           "L1: vmwrite ENTRY_INTR_INFO valid|type 7|vector 0; vmresume")
STEP = {"dr6": "BS and B3 set", "vmcs12": {"exc_bitmap": "#DB"}, "l2": "rip is at a nop at N"}
TRAP = {"dr6": 0xFFFF0FF8, "caps": {"mtf": True}}


@pytest.mark.parametrize(("fact", "status"), [
    ({"pending_debug_has": 0x1002}, "ok"), ({"pending_debug_has": "B1"}, "ok"), ({"pending_debug_has": "BS"}, "FAIL"),
    ({"pending_debug": 0x1002}, "ok"), ({"pending_debug": "B1"}, "FAIL"), ({"pending_debug": "PENDING_DBG_TRAP and B1"}, "ok")])
def test_pending_debug_exceptions(fact: dict[str, Any], status: str) -> None:
    given = {"caps": {"mtf": True}}
    assert verdict(*PENDING, expect=[{"step": 2, "outcome": "vmexit", **fact}], given=given).status == status


@pytest.mark.parametrize(("wanted", "status"), [
    ("BS and B3", "ok"), (0x4008, "ok"), ("unchanged", "ok"), ("BS", "FAIL"), ("XY", "unsupported")])
def test_dr6_of_an_intercepted_debug_exception(wanted: int | str, status: str) -> None:
    found = verdict("L1: RFLAGS.TF=1; vmresume", expect=[{"step": 1, "outcome": "vmexit", "vector": 1, "dr6": wanted}], given=STEP)
    assert found.status == status


@pytest.mark.parametrize(("wanted", "status"), [(0xFFFF4FF0, "ok"), ("unchanged", "FAIL")])
def test_dr6_of_one_that_l2_gets(wanted: int | str, status: str) -> None:
    assert verdict("L2: raise 1", expect=[{"step": 1, "dr6": wanted}], given=TRAP).status == status
