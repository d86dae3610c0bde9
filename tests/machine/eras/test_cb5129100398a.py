"""b5129100398a: a reused root is neither synced nor flushed by kvm_mmu_new_pgd()."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "b5129100398a^", "b5129100398a"


def test_the_question() -> None:
    answers = [[kernel(name).reused_root_asks(flush, sync) for flush in (False, True) for sync in (False, True)]
               for name in (BEFORE, AFTER)]
    assert answers == [[("MMU_SYNC", "TLB_FLUSH_CURRENT"), ("TLB_FLUSH_CURRENT",), ("MMU_SYNC",), ()], [()] * 4]
