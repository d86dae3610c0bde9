"""c59fb1275838: KVM_REQ_UNHALT is gone."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("c59fb1275838", order=20220920, first="v6.1", date="2022-09",
        subject="KVM: remove KVM_REQ_UNHALT",
        touches=("kvm_host.h: KVM_REQ_UNHALT",))
class Without(Era):
    """It was bit 3."""

    def request_bits(self) -> dict[str, int]:
        """With it."""
        return {**super().request_bits(), "UNHALT": 3}
