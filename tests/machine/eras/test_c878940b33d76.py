"""878940b33d76: a reload of the APIC-access page flushes nothing."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """The APIC-access page, kvm.md D and I-21."""
    assert [kernel(name).apic_page_reload_flushes() for name in ("878940b33d76^", "878940b33d76")] == [True, False]
