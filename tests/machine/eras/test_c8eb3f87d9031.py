"""8eb3f87d9031: how a nested exit sets L1's CR4."""

from __future__ import annotations

import pytest

from osxsave_support import of_l1_after_l2_cleared_it


@pytest.mark.parametrize(("name", "found"), [("v4.4", True), ("8eb3f87d9031^", True), ("8eb3f87d9031", False), ("v5.7", False)])
def test_cpuid_was_right_by_chance(name: str, found: bool) -> None:
    assert of_l1_after_l2_cleared_it(name) is found
