"""f160c7b7bb32: access tracking where the EPT has no accessed bits."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What it does to a page is in tests/machine/kvm/host."""
    assert [kernel(name).tracks_accesses_without_the_a_bit() for name in ("f160c7b7bb32^", "f160c7b7bb32")] == [False, True]
