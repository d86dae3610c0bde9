"""0ec3d6d1f169: the exit of the timer at 0 is done with in the fast path."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("0ec3d6d1f169", order=20240101, first="v6.9", date="2024-01",
        subject="KVM: x86: Fully defer to vendor code to decide how to force immediate exit",
        touches=("x86.c: vcpu_enter_guest()", "vmx.c: vmx_vcpu_run()"), needs=("d264ee0c2ed2",))
class Without(Era):
    """handle_preemption_timer() saw vmx->req_immediate_exit and did nothing."""

    def timer_exit_is_a_fastpath(self) -> bool:
        """No."""
        return False
