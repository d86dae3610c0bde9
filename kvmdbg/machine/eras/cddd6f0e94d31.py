"""ddd6f0e94d31: the access that EPT12 forbids is the one that is being made."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.ept import RIGHTS as EPT_RIGHTS
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.emulation import GVA_IS_VALID, GVA_TRANSLATED


@commit("ddd6f0e94d31", order=20180220, first="v4.17", date="2018-02",
        subject="KVM: x86: Update the exit_qualification access bits while walking an address",
        touches=("paging_tmpl.h: FNAME(walk_addr_generic)()",))
class Without(Era):
    """L1 was told of the access that made the last real EPT violation."""

    def ept_fault_of_the_emulator(self, access: int, final: bool, exit_qualification: int, last_ept_violation: int) -> int:
        """Bits 8, 7 and 2:0 as they were then."""
        return last_ept_violation & (GVA_IS_VALID | GVA_TRANSLATED | EPT_RIGHTS)
