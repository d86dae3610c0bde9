"""e64419d991ea: a flush for the guest is INVVPID or nothing. The commit of seed 001."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("e64419d991ea", order=20200414, first="v5.8", date="2020-04",
        subject="KVM: x86: Move \"flush guest's TLB\" logic to separate kvm_x86_ops hook",
        touches=("vmx.c: vmx_flush_tlb_guest()", "vmx_ops.h: vpid_sync_context()"),
        series="with \"KVM: VMX: Skip global INVVPID fallback if vpid==0 in vpid_sync_context()\", six patches before it")
class Without(Era):
    """It went through the one hook: with EPT and without VPIDs it was INVEPT."""

    def guest_flush_never_uses_invept(self) -> bool:
        """No."""
        return False

    def fallback_flushes_all_for_vpid0(self) -> bool:
        """Yes (I-30)."""
        return True
