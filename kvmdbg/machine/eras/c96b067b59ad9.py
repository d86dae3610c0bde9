"""96b067b59ad9: an EPT violation that the emulator runs into says of itself what it was about."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.emulation import ACC_READ, GVA_IS_VALID, GVA_TRANSLATED


@commit("96b067b59ad9", order=20260520, first="v7.2", date="2026-05",
        subject="KVM: VMX: Synthesize nested EPT violation GVA_IS_VALID/GVA_TRANSLATED bits",
        touches=("paging_tmpl.h: FNAME(walk_addr_generic)()", "nested.c: nested_ept_inject_page_fault()"))
class Without(Era):
    """Bits 8:7 came from whatever exit was being handled, and each walk of EPT12 counted as a read of user mode, too."""

    def ept_fault_of_the_emulator(self, access: int, final: bool, exit_qualification: int, last_ept_violation: int) -> int:
        """An I/O exit has its own meaning for these bits."""
        return access | ACC_READ | exit_qualification & (GVA_IS_VALID | GVA_TRANSLATED)
