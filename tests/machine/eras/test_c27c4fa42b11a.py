"""27c4fa42b11a: a posted interrupt wakes a halted L2."""

from __future__ import annotations

import pytest

from posted_support import post, posting

BEFORE, AFTER = "27c4fa42b11a^", "27c4fa42b11a"


@pytest.mark.parametrize(("name", "wakes"), [(BEFORE, False), (AFTER, True), ("v6.12", True)])
def test_a_halted_l2_wakes(name: str, wakes: bool) -> None:
    m = posting(name, GUEST_ACTIVITY_STATE=1)
    m.run("vmlaunch")
    assert m.vcpu.guest_mode and m.vcpu.mp_state == "HALTED"
    post(m)
    assert (m.vcpu.mp_state == "RUNNABLE") is wakes
