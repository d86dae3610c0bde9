"""f7eea636c3d5: VMREAD into memory that cannot be written is a page fault."""

from __future__ import annotations

import pytest

from kvmdbg.machine.eras.versions import kernel


@pytest.mark.parametrize(("name", "answer"), [("v4.15", False), ("v5.7", True), ("v6.12", True), ("v6.12 -f7eea636c3d5", False)])
def test_the_question(name: str, answer: bool) -> None:
    assert kernel(name).vmread_notices_a_page_fault() is answer
