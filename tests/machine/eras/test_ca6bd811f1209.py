"""a6bd811f1209: nobody looks at the steal-time page before it is written."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What follows from it is in tests/machine/kvm/test_vmx_msrs.py."""
    assert [kernel(name).steal_time_page_must_exist() for name in ("a6bd811f1209^", "a6bd811f1209", "v3.1")] == [True, False, True]
