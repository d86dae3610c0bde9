"""7460fb4a3400: NMIs are counted, and a request brings them in."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("7460fb4a3400", order=20110920, first="v3.2", date="2011-09", subject="KVM: Fix simultaneous NMIs",
        touches=("x86.c: kvm_inject_nmi()", "x86.c: process_nmi()"))
class Without(Era):
    """v3.1: one NMI could be pending, and KVM_REQ_EVENT brought it in."""

    def request_bits(self) -> dict[str, int]:
        """Bit 14 is free."""
        return {name: bit for name, bit in super().request_bits().items() if name != "NMI"}

    def service_order(self) -> tuple[str, ...]:
        """Without it."""
        return tuple(name for name in super().service_order() if name != "NMI")
