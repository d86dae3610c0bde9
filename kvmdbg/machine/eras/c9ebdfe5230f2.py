"""9ebdfe5230f2: a window that is open keeps an L2 awake that L1 enters halted."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("9ebdfe5230f2", order=20190115, first="v5.1", date="2019-01",
        subject="KVM: nVMX: NMI-window and interrupt-window exiting should wake L2 from HLT",
        touches=("nested.c: nested_vmx_run()",), read="memory")
class Without(Era):
    """Only an event that L1 injects kept L2 awake."""

    def windows_wake_a_halted_l2(self) -> bool:
        """No."""
        return False
