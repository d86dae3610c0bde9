"""8d860bbeedef: APIC accesses are virtualized in xAPIC mode only."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """The APIC-access page, kvm.md D and I-21."""
    assert [kernel(name).virtual_apic_has_three_modes() for name in ("8d860bbeedef^", "8d860bbeedef")] == [False, True]
