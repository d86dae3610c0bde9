"""369ea8242c0f: the memory manager invalidates ranges only."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """The APIC-access page, kvm.md D and I-21."""
    assert [kernel(name).notifier_reloads_the_apic_access_page() for name in ("369ea8242c0f^", "369ea8242c0f")] == [True, False]
