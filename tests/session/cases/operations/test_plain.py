"""nop, cpuid, hlt."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.errors import Unsupported


def test_they_execute() -> None:
    assert observe("L1: nop")[0].seen.kind == "runs"
    assert observe("L2: hlt")[0].seen.reason == 12
    assert observe("L2: cpuid")[0].seen.reason == 10


def test_leaves_of_cpuid_are_not_modelled() -> None:
    with pytest.raises(Unsupported, match="the values of cpuid are not modelled"):
        observe("L1: cpuid 1")
