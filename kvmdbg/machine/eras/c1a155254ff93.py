"""1a155254ff93: KVM_REQ_MSR_FILTER_CHANGED."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("1a155254ff93", order=20200920, first="v5.10", date="2020-09",
        subject="KVM: x86: Introduce MSR filtering",
        touches=("kvm_host.h: KVM_REQ_MSR_FILTER_CHANGED",))
class Without(Era):
    """No such request."""

    def request_bits(self) -> dict[str, int]:
        """Without bit 37."""
        return {name: bit for name, bit in super().request_bits().items() if name != "MSR_FILTER_CHANGED"}
