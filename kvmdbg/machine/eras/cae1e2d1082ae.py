"""ae1e2d1082ae: accessed and dirty bits in L1's EPT12, and with them the first check of its EPTP."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("ae1e2d1082ae", order=20170310, first="v4.12", date="2017-03", subject="kvm: nVMX: support EPT accessed/dirty bits",
        touches=("vmx.c: nested_ept_init_mmu_context()", "vmx.c: valid_ept_address()", "paging_tmpl.h"), read="memory")
class Without(Era):
    """L1 could not enable A/D bits, and whatever it wrote as EPTP was walked as four levels."""

    def nested_ept_ad(self) -> bool:
        """No."""
        return False

    def checks_eptp12(self) -> bool:
        """No."""
        return False
