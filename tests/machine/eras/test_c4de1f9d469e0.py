"""4de1f9d469e0: no reload of a page that is not in use; the switch to xAPIC mode asks for both."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_questions() -> None:
    """The APIC-access page, kvm.md D and I-21."""
    assert [kernel(name).apic_page_reload_needs_the_control() for name in ("4de1f9d469e0^", "4de1f9d469e0")] == [False, True]
    assert [kernel(name).apic_mode_switch_makes_requests() for name in ("4de1f9d469e0^", "4de1f9d469e0")] == [False, True]
