"""2259c17f0188: CPUID.OSXSAVE at nested transitions."""

from __future__ import annotations

import pytest

from osxsave_support import of_l1_after_l2_cleared_it


@pytest.mark.parametrize(("name", "found"), [("v5.10", False), ("2259c17f0188^", False), ("2259c17f0188", True), ("v6.12", True)])
def test_l1_reads_its_own(name: str, found: bool) -> None:
    assert of_l1_after_l2_cleared_it(name) is found
