"""Mainline's answers about flushes."""

from __future__ import annotations

from kvmdbg.machine.kvm.era import Era

MAINLINE = Era()


def test_the_current_vpid_is_vpid02_only_while_l2_runs_with_a_vpid_of_its_own() -> None:
    """C.2, row E24."""
    answers = [MAINLINE.guest_flush_is_vpid02(guest_mode, has) for guest_mode in (False, True) for has in (False, True)]
    assert answers == [False, False, False, True]
