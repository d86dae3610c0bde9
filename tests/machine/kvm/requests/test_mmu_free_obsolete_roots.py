"""KVM_REQ_MMU_FREE_OBSOLETE_ROOTS."""

from __future__ import annotations

from kvm_support import Machine, of
from kvmdbg.machine.kvm.events import RootFreed


def test_roots_that_are_not_obsolete_stay() -> None:
    m = Machine().given_vmx()
    m.host("request MMU_FREE_OBSOLETE_ROOTS")
    assert of(m.run("nop"), RootFreed) == []
