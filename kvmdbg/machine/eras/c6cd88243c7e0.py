"""6cd88243c7e0: preempted means: between two instructions of the guest."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("6cd88243c7e0", order=20220601, first="v5.19", date="2022-06",
        subject="KVM: x86: do not report a vCPU as preempted outside instruction boundaries",
        touches=("x86.c: kvm_steal_time_set_preempted()", "x86.c: vcpu_run()", "vmx.c: vmx_handle_external_intr()"), read="memory")
class Without(Era):
    """A vCPU was called preempted in the middle of an emulation too, which went on with old translations after the flush (I-20)."""

    def preempted_at_instruction_boundaries_only(self) -> bool:
        """No."""
        return False

    def counts_preemptions(self) -> bool:
        """No."""
        return False
