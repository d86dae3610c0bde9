"""ad756a1603c5: PCIDs for guests."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("ad756a1603c5", order=20120710, first="v3.6", date="2012-07",
        subject="KVM: VMX: Implement PCID/INVPCID for guests with EPT",
        touches=("x86.c: kvm_set_cr4()",),
        read="memory")
class Without(Era):
    """CR4.PCIDE was a reserved bit: #GP."""

    def has_pcid(self) -> bool:
        """No."""
        return False
