"""adc43caa0a25: Hyper-V's flushes have a request of their own again."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("adc43caa0a25", order=20221112, first="v6.2", date="2022-11",
        subject="KVM: x86: hyper-v: Resurrect dedicated KVM_REQ_HV_TLB_FLUSH flag",
        touches=("kvm_host.h: KVM_REQ_HV_TLB_FLUSH",))
class Without(Era):
    """They made KVM_REQ_TLB_FLUSH_GUEST."""

    def request_bits(self) -> dict[str, int]:
        """Without bit 40."""
        return {name: bit for name, bit in super().request_bits().items() if name != "HV_TLB_FLUSH"}

    def request_flags(self) -> dict[str, tuple[str, ...]]:
        """Without it."""
        return {name: flags for name, flags in super().request_flags().items() if name != "HV_TLB_FLUSH"}

    def service_order(self) -> tuple[str, ...]:
        """Without it."""
        return tuple(name for name in super().service_order() if name != "HV_TLB_FLUSH")
