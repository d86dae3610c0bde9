"""e65a3b46b5b0: KVM_REQ_MMU_RELOAD is gone."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.requests import NO_WAKEUP, WAIT


@commit("e65a3b46b5b0", order=20220214, first="v5.18", date="2022-02",
        subject="KVM: Drop KVM_REQ_MMU_RELOAD and update vcpu-requests.rst documentation",
        touches=("kvm_host.h: KVM_REQ_MMU_RELOAD",),
        needs=("39353ab5790b", "28f28d453ffc", "f6d0a2521ce1", "527d5cd7eece"))            # who made it before
class Without(Era):
    """MMU_RELOAD was bit 1, and VM_DEAD bit 4."""

    def request_bits(self) -> dict[str, int]:
        """With it."""
        bits = {**super().request_bits(), "MMU_RELOAD": 1}
        return bits | {"VM_DEAD": 4} if "VM_DEAD" in bits else bits

    def request_flags(self) -> dict[str, tuple[str, ...]]:
        """With it."""
        return {**super().request_flags(), "MMU_RELOAD": (WAIT, NO_WAKEUP)}

    def service_order(self) -> tuple[str, ...]:
        """Before the timers, where MMU_FREE_OBSOLETE_ROOTS stands."""
        order = super().service_order()
        place = order.index("MMU_FREE_OBSOLETE_ROOTS")
        return (*order[:place], "MMU_RELOAD", *order[place:])
