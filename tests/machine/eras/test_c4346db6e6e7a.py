"""4346db6e6e7a: special registers from user space flush the guest's view."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What follows from it is in tests/machine/kvm/host/test_set_sregs.py."""
    assert [kernel(name).sregs_flush_the_guests_view() for name in ("4346db6e6e7a^", "4346db6e6e7a")] == [False, True]
