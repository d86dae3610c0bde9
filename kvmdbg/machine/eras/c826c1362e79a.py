"""826c1362e79a: VMPTRLD of an address without memory finds a wrong revision there."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("826c1362e79a", order=20181110, first="v5.0", date="2018-11",
        subject="kvm: nVMX: Set VM instruction error for VMPTRLD of unbacked page",
        touches=("nested.c: handle_vmptrld()",), read="memory")
class Without(Era):
    """It was VMfailInvalid."""

    def reads_an_unbacked_vmcs_as_ones(self) -> bool:
        """No."""
        return False
