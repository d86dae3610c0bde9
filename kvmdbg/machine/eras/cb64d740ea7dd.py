"""b64d740ea7dd: enabling dirty logging always flushes."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("b64d740ea7dd", order=20220810, first="v6.0", date="2022-08",
        subject="kvm: x86: mmu: Always flush TLBs when enabling dirty logging",
        touches=("mmu.c: kvm_mmu_slot_remove_write_access()",))
class Without(Era):
    """Where no SPTE was writable nothing was flushed, though a processor could have cached one that was."""

    def dirty_logging_always_flushes(self) -> bool:
        """Where one was writable."""
        return False
