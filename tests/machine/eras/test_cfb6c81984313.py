"""fb6c81984313: an APIC-access page costs flushes."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """I-21: only where L1 and L2 could share an EPTP."""
    answers = [kernel(name).apic_access_flushes_at_transitions(False, True) for name in ("fb6c81984313^", "fb6c81984313", "v6.12")]
    assert answers == [False, True, False]


def test_a_reload_of_l1s_page_flushes() -> None:
    """Until v6.5."""
    assert [kernel(name).apic_page_reload_flushes() for name in ("fb6c81984313^", "fb6c81984313", "v6.12")] == [False, True, False]
