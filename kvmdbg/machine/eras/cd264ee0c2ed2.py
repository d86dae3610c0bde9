"""d264ee0c2ed2: the preemption timer at 0 ends the entry at once."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("d264ee0c2ed2", order=20180901, first="v4.19", date="2018-09",
        subject="KVM: VMX: use preemption timer to force immediate VMExit",
        touches=("vmx.c: vmx_request_immediate_exit()", "vmx.c: vmx_update_hv_timer()"), needs=("730dca42c1d3",))
class Without(Era):
    """smp_send_reschedule() to this processor, with interrupts off."""

    def immediate_exit_by_timer(self, preemption_timer: bool) -> bool:
        """No."""
        return False
