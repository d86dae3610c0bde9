"""a468f2dbf921: flushes for an APIC-access page are for VPIDs too."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """The APIC-access page, kvm.md D and I-21."""
    assert [kernel(name).apic_access_flush_needs_ept() for name in ("a468f2dbf921^", "a468f2dbf921")] == [True, False]
