"""6e42782f516f: KVM_REQ_LOAD_CR3, called KVM_REQ_LOAD_MMU_PGD since v5.7 and in this model always."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("6e42782f516f", order=20180802, first="v4.19", date="2018-08",
        subject="kvm: x86: Introduce KVM_REQ_LOAD_CR3",
        touches=("kvm_host.h: KVM_REQ_LOAD_CR3",),
        needs=("2387149eade2",),
        read="memory")
class Without(Era):
    """Roots were loaded by kvm_mmu_load() alone."""

    def request_bits(self) -> dict[str, int]:
        """Without bit 13."""
        return {name: bit for name, bit in super().request_bits().items() if name != "LOAD_MMU_PGD"}
