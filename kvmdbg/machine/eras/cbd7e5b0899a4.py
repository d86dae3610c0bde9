"""bd7e5b0899a4: the FPU is no longer switched lazily."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.controls import CR0_TS
from kvmdbg.machine.kvm.era import Era


@commit("bd7e5b0899a4", order=20170210, first="v4.11", date="2017-02", subject="KVM: x86: remove code for lazy FPU handling",
        touches=("x86.c: vcpu_enter_guest()",), needs=("1f4b34f825e8",), read="memory")
class Without(Era):
    """KVM_REQ_DEACTIVATE_FPU took the FPU away from the guest."""

    def cr0_guest_owned_bits(self, tdp: bool) -> int:
        """Nothing: CR0.TS traps while the FPU is not the guest's, and no guest here uses it."""
        return super().cr0_guest_owned_bits(tdp) & ~CR0_TS

    def request_bits(self) -> dict[str, int]:
        """Bit 10."""
        return super().request_bits() | {"DEACTIVATE_FPU": 10}

    def service_order(self) -> tuple[str, ...]:
        """Before APF_HALT."""
        order = super().service_order()
        place = order.index("APF_HALT")
        return (*order[:place], "DEACTIVATE_FPU", *order[place:])
