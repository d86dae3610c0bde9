"""671ddc700fd0: an APIC-access page of vmcs12 that is no memory is an error."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("671ddc700fd0", order=20191015, first="v5.5", date="2019-10", subject="KVM: nVMX: Don't leak L1 MMIO regions to L2",
        touches=("nested.c: nested_get_vmcs12_pages()",), read="memory")
class Without(Era):
    """L2 ran without "virtualize APIC accesses", as if L1 had not asked for it."""

    def unmappable_apic_page_is_an_error(self) -> bool:
        """No."""
        return False
