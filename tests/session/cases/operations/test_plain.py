"""nop, hlt."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.errors import Unsupported


def test_they_execute() -> None:
    assert observe("L1: nop")[0].seen.kind == "runs"
    assert observe("L2: hlt")[0].seen.reason == 12


def test_they_take_no_operand() -> None:
    with pytest.raises(Unsupported, match="nop takes no operand"):
        observe("L1: nop 1")
