"""b53e84eed08b: without TDP a flush for the guest throws the shadow roots away."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.flushes import LEAVE_ROOTS, UNLOAD_MMU

BEFORE, AFTER = "b53e84eed08b^", "b53e84eed08b"


def test_the_question() -> None:
    assert [kernel(name).guest_flush_without_tdp() for name in (BEFORE, AFTER)] == [LEAVE_ROOTS, UNLOAD_MMU]
