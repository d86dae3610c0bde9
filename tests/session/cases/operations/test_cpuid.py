"""cpuid."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.fact import check
from kvmdbg.session.cases.registers_read import LeafRead


def test_it_executes_and_reads_one_register_of_a_leaf() -> None:
    assert observe("L1: cpuid")[0].last.value is None and observe("L2: cpuid")[0].seen.reason == 10
    (step,) = observe("L1: cpuid 1")
    assert isinstance(step.last.value, LeafRead) and (step.last.value.leaf, step.last.value.register) == (1, "ecx")
    assert check(observe("L1: cpuid leaf=0x80000008")[0], "value", 46 | 48 << 8) == ""


def test_two_leaves_at_once_are_not_done() -> None:
    with pytest.raises(Unsupported, match="one leaf is read at a time"):
        observe("L1: cpuid 1 7")
