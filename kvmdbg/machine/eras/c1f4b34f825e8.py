"""1f4b34f825e8: Hyper-V timers and exits to user space for SynIC."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era

NEW: Final = ("HV_EXIT", "HV_STIMER")


@commit("1f4b34f825e8", order=20151130, first="v4.5", date="2015-11", subject="kvm/x86: Hyper-V SynIC timers",
        touches=("x86.c: vcpu_enter_guest()",), needs=("7543a635aa09",), series="with db3975717ac5, KVM_REQ_HV_EXIT", read="memory")
class Without(Era):
    """v4.4: bits 30 and 31 are free."""

    def request_bits(self) -> dict[str, int]:
        """Neither."""
        return {name: bit for name, bit in super().request_bits().items() if name not in NEW}

    def service_order(self) -> tuple[str, ...]:
        """Neither."""
        return tuple(name for name in super().service_order() if name not in NEW)
