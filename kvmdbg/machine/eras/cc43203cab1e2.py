"""c43203cab1e2: KVM_REQ_EVENT is made again with the immediate exit."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("c43203cab1e2", order=20170402, first="v4.12", date="2017-04",
        subject="KVM: x86: avoid simultaneous queueing of both IRQ and SMI",
        touches=("x86.c: vcpu_enter_guest()",), needs=("730dca42c1d3",), read="memory")
class Without(Era):
    """vmx_vcpu_run() made KVM_REQ_EVENT behind the exit of a run that had been pending."""

    def remakes_event_with_an_immediate_exit(self) -> bool:
        """No."""
        return False
