"""a85863c2ec47: KVM_REQ_UPDATE_CPU_DIRTY_LOGGING."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("a85863c2ec47", order=20210210, first="v5.12", date="2021-02",
        subject="KVM: VMX: Dynamically enable/disable PML based on memslot dirty logging",
        touches=("kvm_host.h: KVM_REQ_UPDATE_CPU_DIRTY_LOGGING",),
        read="memory")
class Without(Era):
    """No such request."""

    def request_bits(self) -> dict[str, int]:
        """Without bit 38."""
        return {name: bit for name, bit in super().request_bits().items() if name != "UPDATE_CPU_DIRTY_LOGGING"}
