"""4b09cc132a59: SMI and NMI are served after the PMU's requests."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("4b09cc132a59", order=20230910, first="v6.7", date="2023-09",
        subject="KVM: x86: Service NMI requests after PMI requests in VM-Enter path",
        touches=("x86.c: vcpu_enter_guest()",),
        read="memory")
class Without(Era):
    """They came before PMU and PMI, so an NMI that a PMI makes waited for another round."""

    def service_order(self) -> tuple[str, ...]:
        """SMI, NMI, PMU, PMI."""
        order = [name for name in super().service_order() if name not in ("SMI", "NMI")]
        place = order.index("PMU")
        return (*order[:place], "SMI", "NMI", *order[place:])
