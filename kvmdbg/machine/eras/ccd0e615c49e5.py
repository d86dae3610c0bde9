"""cd0e615c49e5: an L2 in a state that the processor does not enter is shut down."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("cd0e615c49e5", order=20211211, first="v5.16", date="2021-12",
        subject="KVM: nVMX: Synthesize TRIPLE_FAULT for L2 if emulation is required",
        touches=("vmx.c: __vmx_handle_exit()",), read="memory")
class Without(Era):
    """KVM went on to emulate its code, as it does for L1."""

    def shuts_down_an_l2_in_invalid_state(self) -> bool:
        """No."""
        return False
