"""21823fbda552: MOV CR3 invalidates its PCID, in every cached root."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("21823fbda552", order=20210612, first="v5.14", date="2021-06",
        subject="KVM: x86: Invalidate all PGDs for the current PCID on MOV CR3 w/ flush",
        touches=("x86.c: kvm_set_cr3()", "x86.c: kvm_invalidate_pcid()"))
class Without(Era):
    """Only an unchanged value flushed; cached roots of the same PCID stayed, and were reused as they were (I-13)."""

    def cr3_flush_is_by_pcid(self) -> bool:
        """No."""
        return False
