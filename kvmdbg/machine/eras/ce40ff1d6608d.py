"""e40ff1d6608d: L1's EOI exit bitmap is loaded when L1 runs again."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("e40ff1d6608d", order=20180320, first="v4.17", date="2018-03",
        subject="KVM: nVMX: Do not load EOI-exitmap while running L2", touches=("x86.c: vcpu_load_eoi_exitmap()",), read="memory")
class Without(Era):
    """There was no KVM_REQ_LOAD_EOI_EXITMAP."""

    def request_bits(self) -> dict[str, int]:
        """Bit 31 is free."""
        return {name: bit for name, bit in super().request_bits().items() if name != "LOAD_EOI_EXITMAP"}

    def service_order(self) -> tuple[str, ...]:
        """Without it."""
        return tuple(name for name in super().service_order() if name != "LOAD_EOI_EXITMAP")
