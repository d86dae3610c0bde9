"""61b05a9fd4ae: without TDP a flush for the guest syncs the shadow roots, then flushes."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.flushes import SYNC_ROOTS, UNLOAD_MMU

BEFORE, AFTER = "61b05a9fd4ae^", "61b05a9fd4ae"


def test_the_question() -> None:
    assert [kernel(name).guest_flush_without_tdp() for name in (BEFORE, AFTER)] == [UNLOAD_MMU, SYNC_ROOTS]
