"""f38a7b75267f: a flush for a preempted vCPU is left to the host."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("f38a7b75267f", order=20171261, first="v4.16", date="2017-12",
        subject="KVM: X86: support paravirtualized help for TLB shootdowns",
        touches=("x86.c: record_steal_time()", "kernel/kvm.c: kvm_flush_tlb_others()"), read="memory")
class Without(Era):
    """record_steal_time() set the preempted byte to 0 and looked at nothing."""

    def has_pv_tlb_flush(self) -> bool:
        """No."""
        return False
