"""ea8ceb8354e2: L1's NMI makes L2 exit."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("ea8ceb8354e2", order=20130402, first="v3.10", date="2013-04",
        subject="KVM: nVMX: Fix conditions for NMI injection",
        touches=("vmx.c: vmx_nmi_allowed()", "vmx.c: vmx_inject_nmi()"), read="memory")
class Without(Era):
    """vmx_inject_nmi() did nothing while L2 was active: the NMI counted as injected, and was lost with L1's next exit."""

    def nmis_make_l2_exit(self) -> bool:
        """No."""
        return False
