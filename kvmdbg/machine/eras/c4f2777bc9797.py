"""4f2777bc9797: a private copy of vmcs12."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("4f2777bc9797", order=20160710, first="v4.8", date="2016-07",
        subject="kvm: x86: nVMX: maintain internal copy of current VMCS",
        touches=("vmx.c: handle_vmptrld()", "vmx.c: nested_release_vmcs12()"), read="memory")
class Without(Era):
    """vmcs12 was used in place, in L1's own page."""

    def caches_vmcs12(self) -> bool:
        """No."""
        return False
