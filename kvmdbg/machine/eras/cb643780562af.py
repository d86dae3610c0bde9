"""b643780562af: an emulated VMWRITE drops reserved bits of access rights."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("b643780562af", order=20190612, first="v5.3", date="2019-06",
        subject="KVM: nVMX: Intercept VMWRITEs to GUEST_{CS,SS}_AR_BYTES",
        touches=("nested.c: handle_vmwrite()",))
class Without(Era):
    """All 32 bits were kept."""

    def drops_reserved_access_rights(self) -> bool:
        """No."""
        return False

    def shadows_the_fields_of_v5_3(self) -> bool:
        """Others."""
        return False
