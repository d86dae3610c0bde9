"""4b9852f4f389: INIT in VMX operation waits for VMXOFF, and in L2 is a VM exit."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What follows from it is in tests/machine/kvm/test_reset.py."""
    assert [kernel(name).init_waits_for_vmxoff() for name in ("4b9852f4f389^", "4b9852f4f389")] == [False, True]
