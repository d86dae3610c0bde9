"""e366f92ea99e: KVM_REQ_UPDATE_PROTECTED_GUEST_STATE."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("e366f92ea99e", order=20240510, first="v6.11", date="2024-05",
        subject="KVM: SEV: Support SEV-SNP AP Creation NAE event",
        touches=("kvm_host.h: KVM_REQ_UPDATE_PROTECTED_GUEST_STATE",))
class Without(Era):
    """No such request."""

    def request_bits(self) -> dict[str, int]:
        """Without bit 42."""
        return {name: bit for name, bit in super().request_bits().items() if name != "UPDATE_PROTECTED_GUEST_STATE"}
