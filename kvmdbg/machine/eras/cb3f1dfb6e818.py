"""b3f1dfb6e818: L1 cannot enter L2 in the shadow of MOV SS."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("b3f1dfb6e818", order=20170721, first="v4.14", date="2017-07",
        subject="KVM: nVMX: Disallow VM-entry in MOV-SS shadow",
        touches=("vmx.c: nested_vmx_run()",), read="memory")
class Without(Era):
    """It could."""

    def refuses_entry_behind_mov_ss(self) -> bool:
        """No."""
        return False
