"""8081ad06b68a: a cancelled entry with an immediate exit asks for events again."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("8081ad06b68a", order=20200601, first="v5.8", date="2020-06",
        subject="KVM: x86: Set KVM_REQ_EVENT if run is canceled with req_immediate_exit set",
        touches=("x86.c: vcpu_enter_guest()",), needs=("730dca42c1d3",), read="memory")
class Without(Era):
    """KVM_REQ_EVENT had been consumed, and the event for L1 waited for something else to ask (I-31)."""

    def remakes_event_when_cancelled(self) -> bool:
        """No."""
        return False
