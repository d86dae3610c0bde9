"""3d5bdae8b164: INVVPID of L1 flushes vpid01 where L2 runs on it."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("3d5bdae8b164", order=20181011, first="v4.20", date="2018-10",
        subject="KVM: nVMX: Use correct VPID02 when emulating L1 INVVPID",
        touches=("vmx.c: handle_invvpid()",))
class Without(Era):
    """Without a vpid02 it flushed nothing, though L2 runs on vpid01 (I-5)."""

    def invvpid_uses_vpid01_without_vpid02(self) -> bool:
        """No."""
        return False
