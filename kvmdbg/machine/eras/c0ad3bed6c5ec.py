"""0ad3bed6c5ec: each round begins with a look at nested events."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("0ad3bed6c5ec", order=20170201, first="v4.11", date="2017-02",
        subject="kvm: nVMX: move nested events check to kvm_vcpu_running",
        touches=("x86.c: kvm_vcpu_running()",), needs=("b6b8a1451fc4",), read="memory")
class Without(Era):
    """Nested events were looked at in inject_pending_event() only."""

    def running_checks_nested_events(self) -> bool:
        """No."""
        return False
