"""587d7e72aedc: VMCLEAR of an address without memory is harmless."""

from __future__ import annotations

import pytest

from kvmdbg.machine.eras.versions import kernel


@pytest.mark.parametrize(("name", "answer"), [("v4.4", False), ("v4.15", True), ("v6.12", True), ("v6.12 -587d7e72aedc", False)])
def test_the_question(name: str, answer: bool) -> None:
    assert kernel(name).vmclear_spares_the_vcpu() is answer
