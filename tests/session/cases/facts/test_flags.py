"""Arithmetic flags after a step."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.fact import check


def test_named_flags_and_all_of_them() -> None:
    (step,) = observe("L1: vmread field=~0")
    assert check(step, "flags", {"ZF": 1}) == check(step, "flags", {"ZF": 1, "CF": 0, "PF": 0}) == ""
    assert check(step, "flags", {"ZF": 0}) == "0x40" and check(step, "flags", {"CF": 1, "ZF": 1}) == "0x40"
    assert check(step, "flags", 0x40) == check(step, "flags", 0x42) == "" and check(step, "flags", 0x45) == "0x40"


def test_a_level_that_does_not_run_has_none() -> None:
    (step,) = observe("L2: vmcall")
    assert check(step, "flags", {"CF": 0}) == "the level that acted does not run: VM exit 18 (VMCALL), qualification 0x0"


def test_other_flags_are_unsupported() -> None:
    (step,) = observe("L1: nop")
    for wanted in ({"IF": 1}, "all", [1]):
        with pytest.raises(Unsupported, match="^flags: "):
            check(step, "flags", wanted)
