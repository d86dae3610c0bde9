"""c9470a2e28ed: PCIDs for guests whose page tables are shadowed."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("c9470a2e28ed", order=20180861, first="v4.19", date="2018-08",
        subject="kvm: x86: Propagate guest PCIDs to host PCIDs",
        touches=("vmx.c: vmx_set_cr3()", "vmx.c: handle_invpcid()"),
        series="with the patch that emulates INVPCID (handle_invpcid())", read="memory")
class Without(Era):
    """PCIDs and INVPCID were for guests with EPT (ad756a1603c5)."""

    def pcid_without_tdp(self) -> bool:
        """No."""
        return False
