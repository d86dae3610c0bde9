"""1ebfaa11ebb5: who asks another vCPU for a guest flush waits for it."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.requests import NO_WAKEUP


@commit("1ebfaa11ebb5", order=20211210, first="v5.16", date="2021-12",
        subject="KVM: x86: Wait for IPIs to be delivered when handling Hyper-V TLB flush hypercall",
        touches=("kvm_host.h: KVM_REQ_TLB_FLUSH_GUEST",))
class Without(Era):
    """The request did not wait: the caller could go on before the flush was certain (I-34)."""

    def request_flags(self) -> dict[str, tuple[str, ...]]:
        """No WAIT."""
        return {name: (NO_WAKEUP,) if name == "TLB_FLUSH_GUEST" else flags for name, flags in super().request_flags().items()}
