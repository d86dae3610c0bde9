"""2635b5c4a0e4: KVM_REQ_APF_READY."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("2635b5c4a0e4", order=20200520, first="v5.8", date="2020-05",
        subject="KVM: x86: interrupt based APF 'page ready' event delivery",
        touches=("kvm_host.h: KVM_REQ_APF_READY",))
class Without(Era):
    """No such request."""

    def request_bits(self) -> dict[str, int]:
        """Without bit 36."""
        return {name: bit for name, bit in super().request_bits().items() if name != "APF_READY"}
