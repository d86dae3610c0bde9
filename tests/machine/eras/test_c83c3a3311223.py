"""83c3a3311223: KVM's own EPT uses accessed and dirty bits."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What it does to a page is in tests/machine/kvm/host."""
    assert [kernel(name).uses_ept_accessed_bits() for name in ("83c3a3311223^", "83c3a3311223")] == [False, True]
