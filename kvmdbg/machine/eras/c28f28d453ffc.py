"""28f28d453ffc: INVPCID of all contexts is a flush for the guest."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("28f28d453ffc", order=20210619, first="v5.14", date="2021-06",
        subject="KVM: x86: Use KVM_REQ_TLB_FLUSH_GUEST to handle INVPCID(ALL) emulation",
        touches=("x86.c: kvm_handle_invpcid()",))
class Without(Era):
    """It asked for the roots to be unloaded at the next entry."""

    def invpcid_all(self) -> str:
        """The request of v5.13."""
        return "MMU_RELOAD"
