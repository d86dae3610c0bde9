"""loop."""

from __future__ import annotations

import pytest

from casework import harness, operation, verdict
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.operations.loop import loop


def test_until_the_timer_expires() -> None:
    given = {"vmcs12": {"preemption_timer": True, "timer_value": 100}}
    expect = [{"step": 1, "outcome": "vmexit", "reason": 52, "l2_instructions": 100}]
    assert verdict("L2: loop", expect=expect, given=given).status == "ok"


@pytest.mark.parametrize("text", ["L2: loop", "L2: loop twice"])
def test_one_that_nothing_ends(text: str) -> None:
    h = harness()
    h.bring(2)
    with pytest.raises(Unsupported):
        loop(h, *operation(text))
