"""671ddc700fd0: an APIC-access page that is no memory."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """E.7: KVM_RUN ends."""
    answers = [kernel(name).unmappable_apic_page_is_an_error() for name in ("671ddc700fd0^", "671ddc700fd0", "v6.12")]
    assert answers == [False, True, True]
