"""The VPID that L2 runs with."""

from __future__ import annotations

import pytest

from casework import WITH_VPID, observe
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.fact import check


def test_vpid02_where_vmcs12_enables_vpid_else_vpid01() -> None:
    (step,) = observe("L1: vmlaunch", given=WITH_VPID)
    assert check(step, "vmcs02_vpid", "vpid02") == "" and check(step, "vmcs02_vpid", "vpid01") == "VPID 2"
    (step,) = observe("L1: vmlaunch")
    assert check(step, "vmcs02_vpid", "vpid01") == "" and check(step, "vmcs02_vpid", "vpid02") == "VPID 1"


def test_without_an_entry() -> None:
    (step,) = observe("L1: nop")
    assert check(step, "vmcs02_vpid", "vpid02") == "L2 was not entered: it runs"
    with pytest.raises(Unsupported, match="^vmcs02_vpid: 7$"):
        check(step, "vmcs02_vpid", 7)
