"""8df14af42f00: KVM_REQ_APICV_UPDATE."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("8df14af42f00", order=20191123, first="v5.6", date="2019-11",
        subject="kvm: x86: Add support for dynamic APICv activation",
        touches=("kvm_host.h: KVM_REQ_APICV_UPDATE",))
class Without(Era):
    """No such request."""

    def request_bits(self) -> dict[str, int]:
        """Without bit 33."""
        return {name: bit for name, bit in super().request_bits().items() if name != "APICV_UPDATE"}
