"""Questions about L1's APIC-access page."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

NAMES = ("v3.2", "v4.3", "v4.15", "v5.7", "v5.8", "v6.12")


def test_what_a_move_of_the_page_costs() -> None:
    """kvm.md D, I-21."""
    assert [kernel(name).pins_the_apic_access_page() for name in NAMES] == [True, False, False, False, False, False]
    assert [kernel(name).apic_page_reload_flushes() for name in NAMES] == [False, False, True, True, True, False]
    assert all(kernel(name).notifier_reloads_the_apic_access_page() for name in NAMES)


def test_what_a_change_of_the_mode_costs() -> None:
    """kvm.md D."""
    assert [kernel(name).virtual_apic_has_three_modes() for name in NAMES] == [False, False, False, True, True, True]
    assert [kernel(name).apic_mode_switch_makes_requests() for name in NAMES] == [False, False, False, False, True, True]
