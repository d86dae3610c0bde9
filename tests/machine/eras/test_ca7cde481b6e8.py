"""a7cde481b6e8: VMCS shadowing for L1"s L2s, emulated."""

from __future__ import annotations

import pytest

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.fields import F


@pytest.mark.parametrize(("name", "answer"), [
    ("v4.15", False), ("a7cde481b6e8^", False), ("a7cde481b6e8", True), ("v5.7", True), ("v6.12", True)])
def test_the_question(name: str, answer: bool) -> None:
    assert kernel(name).offers_vmcs_shadowing_to_l1() is answer


def test_vmcs12_has_no_field_for_it_before() -> None:
    found = [kernel(name).vmcs12_has(F.VMREAD_BITMAP) for name in ("v3.2", "a7cde481b6e8^", "a7cde481b6e8", "v6.12")]
    assert found == [False, False, True, True]
