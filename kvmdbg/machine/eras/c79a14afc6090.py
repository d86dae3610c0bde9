"""79a14afc6090: what the emulator finds intercepted is an exit to L1."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("79a14afc6090", order=20250203, first="v6.15", date="2025-02",
        subject="KVM: nVMX: Synthesize nested VM-Exit for supported emulation intercepts",
        touches=("vmx.c: vmx_check_intercept()",), read="memory")
class Without(Era):
    """It ended in #UD for L2."""

    def emulator_makes_exits_of_l2(self) -> bool:
        """No."""
        return False
