"""61f1dd90bd16: no VPIDs without INVVPID."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("61f1dd90bd16", order=20170322, first="v4.12", date="2017-03",
        subject="KVM: VMX: Fix enable VPID conditions",
        touches=("vmx.c: hardware_setup()",), series="with 08d839c4b134, VPID without any INVVPID", read="memory")
class Without(Era):
    """VPIDs were used on a processor that could not flush them: INVVPID was silently left out (I-3)."""

    def vpid_needs_invvpid(self) -> bool:
        """No."""
        return False
