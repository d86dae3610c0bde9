"""raise: what L2 does for each exception."""

from __future__ import annotations

import pytest

from casework import verdict

VECTORS = [(0, 3), (1, 3), (3, 6), (4, 6), (6, 3), (7, 3), (13, 3), (14, 3), (17, 3)]


@pytest.mark.parametrize(("vector", "kind"), VECTORS)
def test_l2_handles_it_and_calls_or_l1_gets_it(vector: int, kind: int) -> None:
    assert verdict(f"L2: raise {vector}", f"L2: raise {vector} with the bitmap bit set in vmcs12",
                   expect=[{"step": 1, "outcome": "vmexit", "reason": 18, "handled_by": "L2"},
                           {"step": 2, "outcome": "vmexit", "reason": 0, "vector": vector, "type": kind}]).status == "ok"


@pytest.mark.parametrize("text", ["raise 2", "raise #XX", "raise the roof"])
def test_what_no_instruction_raises(text: str) -> None:
    assert verdict(f"L2: {text}", expect=[{"step": 1, "outcome": "vmexit"}]).status == "unsupported"
