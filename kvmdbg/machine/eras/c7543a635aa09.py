"""7543a635aa09: exits to user space for the EOI of a split IOAPIC; with it the other new request of v4.4."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era

NEW: Final = ("IOAPIC_EOI_EXIT", "HV_RESET")


@commit("7543a635aa09", order=20150720, first="v4.4", date="2015-07", subject="KVM: x86: Add KVM exit for IOAPIC EOIs",
        touches=("x86.c: vcpu_enter_guest()",), needs=("730dca42c1d3",),
        series="with e516cebb4f2b, KVM_REQ_HV_RESET", read="memory")
class Without(Era):
    """v4.3: bits 28 and 29 are free."""

    def request_bits(self) -> dict[str, int]:
        """Neither."""
        return {name: bit for name, bit in super().request_bits().items() if name not in NEW}

    def service_order(self) -> tuple[str, ...]:
        """Neither."""
        return tuple(name for name in super().service_order() if name not in NEW)
