"""eed0030e4caa: INVEPT of an invalid EPTP fails; and KVM_REQ_TLB_FLUSH means every context."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.flushes import ONE_TAG


@commit("eed0030e4caa", order=20200402, first="v5.8", date="2020-04",
        subject="KVM: nVMX: Validate the EPTP when emulating INVEPT(EXTENT_CONTEXT)",
        touches=("nested.c: handle_invept()", "vmx.h: vmx_flush_tlb()"),
        series="with the first patch of the TLB-flush series of spring 2020, "
               "\"KVM: VMX: Flush all EPTP/VPID contexts on remote TLB flush\"")
class Without(Era):
    """Any EPTP would do (I-11); and a full flush was one of the current root's EPTP only (I-23)."""

    def checks_the_eptp_of_invept(self) -> bool:
        """No."""
        return False

    def flush_all_reach(self) -> str:
        """The EPTP of the current root, without EPT VPID01."""
        return ONE_TAG
