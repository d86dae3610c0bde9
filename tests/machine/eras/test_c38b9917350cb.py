"""38b9917350cb: the APIC-access page of L1 may move."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """The APIC-access page, kvm.md D and I-21."""
    assert [kernel(name).pins_the_apic_access_page() for name in ("38b9917350cb^", "38b9917350cb")] == [True, False]
