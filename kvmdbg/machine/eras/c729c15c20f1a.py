"""729c15c20f1a: KVM_REQ_GET_VMCS12_PAGES becomes KVM_REQ_GET_NESTED_STATE_PAGES."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era

OLD: Final = "GET_VMCS12_PAGES"
NEW: Final = "GET_NESTED_STATE_PAGES"


@commit("729c15c20f1a", order=20200924, first="v5.10", date="2020-09", subject="KVM: x86: rename KVM_REQ_GET_VMCS12_PAGES",
        touches=("kvm_host.h", "x86.c: vcpu_enter_guest()"))
class Without(Era):
    """The old name, with the same bit and the same place in the order."""

    def nested_state_pages_request(self) -> str:
        """GET_VMCS12_PAGES."""
        return OLD

    def request_bits(self) -> dict[str, int]:
        """Renamed."""
        return {OLD if name == NEW else name: bit for name, bit in super().request_bits().items()}

    def service_order(self) -> tuple[str, ...]:
        """Renamed."""
        return tuple(OLD if name == NEW else name for name in super().service_order())
