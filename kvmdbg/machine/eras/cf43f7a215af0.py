"""f43f7a215af0: HLT of L2 is emulated."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("f43f7a215af0", order=20250202, first="v6.15", date="2025-02",
        subject="KVM: nVMX: Emulate HLT in L2 if it's not intercepted",
        touches=("vmx.c: vmx_check_intercept()",), read="memory")
class Without(Era):
    """The emulator refused any HLT of L2."""

    def emulates_hlt_of_l2(self) -> bool:
        """No."""
        return False
