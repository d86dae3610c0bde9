"""0155b2b91b26: an APIC-access page no longer costs flushes."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """I-21."""
    answers = [kernel(name).apic_access_flushes_at_transitions(False, True) for name in ("0155b2b91b26^", "0155b2b91b26", "v6.12")]
    assert answers == [True, False, False]
