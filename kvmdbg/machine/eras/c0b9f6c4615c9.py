"""0b9f6c4615c9: the guest can see that a vCPU is preempted."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("0b9f6c4615c9", order=20161161, first="v4.10", date="2016-11", subject="x86/kvm: Support the vCPU preemption check",
        touches=("x86.c: kvm_steal_time_set_preempted()", "kvm_para.h: struct kvm_steal_time"), read="memory")
class Without(Era):
    """struct kvm_steal_time had no preempted byte."""

    def has_preempted_flag(self) -> bool:
        """No."""
        return False
