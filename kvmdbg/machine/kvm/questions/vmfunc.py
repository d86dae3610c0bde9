"""VM functions of L2: what L1 may enable, and what KVM does for an EPTP switch (nested.c; kvm.md E.6)."""

from __future__ import annotations

from typing import Final

NEW_PGD: Final = "kvm_mmu_new_pgd"               # what an EPTP switch does about the roots
REQUEST_RELOAD: Final = "KVM_REQ_MMU_RELOAD"
UNLOAD_AND_RELOAD: Final = "kvm_mmu_unload, kvm_mmu_reload"

EMULATE: Final = "emulate"                       # what becomes of a function number
REFLECT: Final = "reflect"
UNDEFINED: Final = "#UD"


class VmfuncQuestions:
    """Mainline's answers, v6.12."""

    def offers_vmfunc_to_l1(self) -> bool:
        """Can L1 set "enable VM functions" in vmcs12? (27c42a1bb867)"""
        return True

    def vm_functions_of_l1(self) -> int:
        """Bits that L1 may set in vmcs12's VM-function controls: bit 0, EPTP switching (41ab93727467)."""
        return 1

    def vmfunc_verdict(self, function: int, controls: int, enabled: bool) -> str:
        """EMULATE, REFLECT or UNDEFINED for the function number in EAX.

        controls: vmcs12's VM-function controls; enabled: vmcs12 enables VM functions.  Source: handle_vmfunc().
        """
        if function > 63 or not enabled:
            return UNDEFINED
        return EMULATE if controls >> function & 1 else REFLECT

    def eptp_switch(self) -> str:
        """What an EPTP switch does about the roots: NEW_PGD, REQUEST_RELOAD or UNLOAD_AND_RELOAD."""
        return NEW_PGD

    def eptp_switch_reloads_pdptrs(self) -> bool:
        """Are the PDPTEs of an L2 with PAE paging read again, through the new EPT12? (39353ab5790b, its message)"""
        return False

    def eptp_switch_writes_ad_into_walk_mmu(self) -> bool:
        """Does the new EPTP's A/D bit go into the MMU that only walks L2's own tables? (272b0a998d08)"""
        return False
