"""38b9917350cb: the APIC-access page of L1 may move."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("38b9917350cb", order=20140970, first="v3.18", date="2014-09",
        subject="kvm: vmx: Implement set_apic_access_page_addr",
        touches=("vmx.c: vmx_set_apic_access_page_addr()", "x86.c: kvm_vcpu_reload_apic_access_page()",),
        series="with the request, 4256f43f9fab, the notifier, fe71557afbec, and the end of the pinning, c24ae0dcd3e8",
        read="memory")
class Without(Era):
    """The page was pinned for as long as the VM lived."""

    def pins_the_apic_access_page(self) -> bool:
        """Yes."""
        return True
