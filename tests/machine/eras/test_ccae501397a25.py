"""cae501397a25: User space can take a vCPU out of VMX operation."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What follows from it is in tests/machine/kvm/test_reset.py."""
    assert [kernel(name).user_space_can_leave_vmx() for name in ("cae501397a25^", "cae501397a25")] == [False, True]
