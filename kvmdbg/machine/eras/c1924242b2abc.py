"""1924242b2abc: a reused root is flushed by request."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.roots import FLUSH_AT_ONCE


@commit("1924242b2abc", order=20191122, first="v5.6", date="2019-11",
        subject="KVM: x86: Optimization: Requst TLB flush in fast_cr3_switch() instead of do it directly",
        touches=("mmu.c: fast_cr3_switch()",),
        read="memory")
class Without(Era):
    """The hook was called at once."""

    def reused_root_asks(self, skip_tlb_flush: bool, skip_mmu_sync: bool) -> tuple[str, ...]:
        """The flush at once."""
        asked = super().reused_root_asks(skip_tlb_flush, skip_mmu_sync)
        return tuple(FLUSH_AT_ONCE if name == "TLB_FLUSH" else name for name in asked)
