"""f002a97ec8c9: the emulator asks about PAUSE exiting."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("f002a97ec8c9", order=20250201, first="v6.15", date="2025-02",
        subject="KVM: nVMX: Check PAUSE_EXITING, not BUS_LOCK_DETECTION, on PAUSE emulation",
        touches=("vmx.c: vmx_check_intercept()",), read="memory")
class Without(Era):
    """A PAUSE of L2 that was emulated passed L1 by: the bit was looked for in the wrong field."""

    def emulator_knows_pause_exiting(self) -> bool:
        """No."""
        return False
