"""04f11ef45810: vmcs02 has L2's CR3 as soon as L2 is entered."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """v5.5 on."""
    answers = [kernel(name).writes_cr3_of_l2_at_once() for name in ("v4.15", "04f11ef45810^", "04f11ef45810", "v5.7", "v6.12")]
    assert answers == [False, False, True, True, True]
