"""693e02cc2409: a field that does not exist is not read-only."""

from __future__ import annotations

import pytest

from kvmdbg.machine.eras.versions import kernel


@pytest.mark.parametrize(("name", "answer"), [("v4.15", False), ("v5.7", True), ("v6.12", True), ("v6.12 -693e02cc2409", False)])
def test_the_question(name: str, answer: bool) -> None:
    assert kernel(name).vmwrite_looks_for_the_field_first() is answer
