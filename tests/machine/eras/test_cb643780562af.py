"""b643780562af: an emulated VMWRITE drops reserved bits of access rights."""

from __future__ import annotations

import pytest

from kvmdbg.machine.eras.versions import kernel


@pytest.mark.parametrize(("name", "answer"), [("v4.15", False), ("v5.7", True), ("v6.12", True), ("v6.12 -b643780562af", False)])
def test_the_question(name: str, answer: bool) -> None:
    assert kernel(name).drops_reserved_access_rights() is answer
