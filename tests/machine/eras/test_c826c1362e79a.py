"""826c1362e79a: VMPTRLD of an address without memory finds a wrong revision there."""

from __future__ import annotations

import pytest

from kvmdbg.machine.eras.versions import kernel


@pytest.mark.parametrize(("name", "answer"), [("v4.15", False), ("v5.7", True), ("v6.12", True), ("v6.12 -826c1362e79a", False)])
def test_the_question(name: str, answer: bool) -> None:
    assert kernel(name).reads_an_unbacked_vmcs_as_ones() is answer
