"""85c856b39b47: illegal INVEPT and INVVPID types. Stands for the fixes of 2016."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("85c856b39b47", order=20161110, first="v4.9", date="2016-11",
        subject="kvm: nVMX: Fix kernel panics induced by illegal INVEPT/INVVPID types",
        touches=("vmx.c: handle_invept()", "vmx.c: handle_invvpid()"),
        series="with 2849eb4f99d5 and f6870ee9e53b (v4.6), \"avoid guest hang on invalid invept/invvpid instruction\"")
class Without(Era):
    """RIP stayed on the instruction, so L1 repeated it for ever; type 66 passed the test as type 2 (I-4)."""

    def skips_an_illegal_invalidation(self) -> bool:
        """No."""
        return False
