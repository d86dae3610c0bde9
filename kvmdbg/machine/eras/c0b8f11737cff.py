"""0b8f11737cff: KVM_REQ_VM_BUGGED, called KVM_REQ_VM_DEAD since v5.17."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("0b8f11737cff", order=20210720, first="v5.15", date="2021-07",
        subject="KVM: Add infrastructure and macro to mark VM as bugged",
        touches=("kvm_host.h: KVM_REQ_VM_BUGGED",),
        read="memory")
class Without(Era):
    """No such request."""

    def request_bits(self) -> dict[str, int]:
        """Without it, by either of its names."""
        return {name: bit for name, bit in super().request_bits().items() if name not in ("VM_BUGGED", "VM_DEAD")}
