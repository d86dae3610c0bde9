"""dd2d6042b7f4: an L2 without shadow VMCS fails before anything else."""

from __future__ import annotations

import pytest

from kvmdbg.machine.eras.versions import kernel


@pytest.mark.parametrize(("name", "answer"), [("v4.15", False), ("v5.7", True), ("v6.12", True), ("v6.12 -dd2d6042b7f4", False)])
def test_the_question(name: str, answer: bool) -> None:
    assert kernel(name).vmwrite_needs_a_vmcs_first() is answer
