"""40e5f9080472: a flush for the guest is served before a nested transition switches, too."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("40e5f9080472", order=20211112, first="v5.16", date="2021-11",
        subject="KVM: nVMX: Abide to KVM_REQ_TLB_FLUSH_GUEST request on nested vmentry/vmexit",
        touches=("x86.c: kvm_service_local_tlb_flush_requests()",),
        needs=("07ffaf343e34",))
class Without(Era):
    """It was served after the switch, against the other level (I-2)."""

    def flushes_served_at_transitions(self) -> tuple[str, ...]:
        """Not this one."""
        return tuple(name for name in super().flushes_served_at_transitions() if name != "TLB_FLUSH_GUEST")
