"""Mainline's answers about roots."""

from __future__ import annotations

from kvmdbg.machine.kvm.era import Era

MAINLINE = Era()


def test_roots_are_kept_and_told_apart() -> None:
    """G: guest_mmu beside root_mmu, and role.guest_mode."""
    assert MAINLINE.caches_roots()
    assert MAINLINE.guest_mode_is_in_the_role()
