"""bf0cd88ce363: an L2 can wait for a SIPI, and exits for it."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("bf0cd88ce363", order=20201111, first="v5.11", date="2020-11",
        subject="KVM: x86: emulate wait-for-SIPI and SIPI-VMExit",
        touches=("nested.c: nested_vmx_run()", "nested.c: vmx_check_nested_events()"), needs=("4b9852f4f389",), read="memory")
class Without(Era):
    """HLT was the one inactive state that L1 was offered for L2."""

    def offers_wait_for_sipi_to_l1(self) -> bool:
        """No."""
        return False
