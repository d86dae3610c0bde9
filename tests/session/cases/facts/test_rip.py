"""rip: next instruction."""

from __future__ import annotations

import pytest

from casework import verdict


@pytest.mark.parametrize(("step", "status"), [("L1: cpuid", "ok"), ("L1: nop", "ok"), ("L1: load <unmapped>", "FAIL")])
def test_what_is_done_is_stepped_over(step: str, status: str) -> None:
    assert verdict(step, expect=[{"step": 1, "rip": "next instruction"}]).status == status


def test_a_number_is_refused() -> None:
    assert verdict("L1: nop", expect=[{"step": 1, "rip": 7}]).status == "unsupported"
