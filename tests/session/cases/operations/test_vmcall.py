"""vmcall."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.errors import Unsupported


def test_l2_calls_l1_and_l1_calls_l0() -> None:
    l2, l1 = observe("L2: vmcall", "L1: vmcall")
    assert l2.seen.reason == 18 and l1.seen.kind in ("nothing", "runs")


def test_an_exit_is_a_call() -> None:
    assert observe("L2: exit")[0].seen.reason == 18
    with pytest.raises(Unsupported, match="only the plain word is done"):
        observe("L2: exit with 5")
