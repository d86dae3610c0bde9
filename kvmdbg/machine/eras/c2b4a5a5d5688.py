"""2b4a5a5d5688: flushes for the guest hit the VPID that the guest runs with."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("2b4a5a5d5688", order=20211113, first="v5.16", date="2021-11",
        subject="KVM: nVMX: Flush current VPID (L1 vs. L2) for KVM_REQ_TLB_FLUSH_GUEST",
        touches=("vmx.c: vmx_flush_tlb_guest()", "vmx.c: vmx_flush_tlb_gva()"), needs=("e64419d991ea",))
class Without(Era):
    """A flush for the guest hit vpid01 even with L2 running on vpid02 (I-10 A')."""

    def guest_flush_is_vpid02(self, guest_mode: bool, has_vpid12: bool) -> bool:
        """Never."""
        return False
