"""Bits of CPUID leaves."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.fact import check

OSXSAVE = {"cr4": {"OSXSAVE": 1}, "caps": {"xsave": True}}


def test_bits_that_follow_cr4_and_bits_that_do_not() -> None:
    (step,) = observe("L1: cpuid 1", given=OSXSAVE)
    assert check(step, "osxsave", 1) == "" == check(step, "vmx", True) and check(step, "osxsave", 0) == "1"
    (step,) = observe("L1: cpuid 1")
    assert check(step, "osxsave", 0) == "" and check(step, "xsave", 1) == ""


def test_l2s_cr4_is_not_l1s() -> None:
    steps = observe("L2: mov cr4 (OSXSAVE=0)", "L2: exit", "L1: cpuid 1", given=OSXSAVE)
    assert check(steps[2], "osxsave", 1) == ""


def test_a_leaf_that_was_not_read() -> None:
    with pytest.raises(Unsupported, match="the step does not read CPUID leaf 0x7"):
        check(observe("L1: cpuid 1")[0], "invpcid", 1)
    assert check(observe("L2: cpuid 1")[0], "osxsave", 1).startswith("no value: VM exit 10")
