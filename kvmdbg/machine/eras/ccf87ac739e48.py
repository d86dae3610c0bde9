"""cf87ac739e48: KVM_REQ_DIRTY_RING_SOFT_FULL."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("cf87ac739e48", order=20221110, first="v6.2", date="2022-11",
        subject="KVM: x86: Introduce KVM_REQ_DIRTY_RING_SOFT_FULL",
        touches=("kvm_host.h: KVM_REQ_DIRTY_RING_SOFT_FULL",))
class Without(Era):
    """No such request: the ring was looked at itself."""

    def request_bits(self) -> dict[str, int]:
        """Without it."""
        return {name: bit for name, bit in super().request_bits().items() if name != "DIRTY_RING_SOFT_FULL"}
