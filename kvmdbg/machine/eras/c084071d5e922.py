"""084071d5e922: KVM_REQ_PENDING_TIMER is called KVM_REQ_UNBLOCK."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("084071d5e922", order=20210520, first="v5.13", date="2021-05",
        subject="KVM: rename KVM_REQ_PENDING_TIMER to KVM_REQ_UNBLOCK",
        touches=("kvm_host.h: KVM_REQ_UNBLOCK",))
class Without(Era):
    """It had its first name."""

    def request_bits(self) -> dict[str, int]:
        """The first name."""
        return {"PENDING_TIMER" if name == "UNBLOCK" else name: bit for name, bit in super().request_bits().items()}
