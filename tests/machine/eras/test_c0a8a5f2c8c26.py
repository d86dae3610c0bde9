"""0a8a5f2c8c26: the reload is asked for while SPTEs are dropped."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """The APIC-access page, kvm.md D and I-21."""
    assert [kernel(name).apic_page_reload_comes_before_the_flush() for name in ("0a8a5f2c8c26^", "0a8a5f2c8c26")] == [False, True]
