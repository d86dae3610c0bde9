"""b1394e745b94: an invalidated range reloads the APIC-access page."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """The APIC-access page, kvm.md D and I-21."""
    assert [kernel(name).notifier_reloads_the_apic_access_page() for name in ("b1394e745b94^", "b1394e745b94")] == [False, True]
