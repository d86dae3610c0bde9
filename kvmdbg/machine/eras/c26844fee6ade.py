"""26844fee6ade: nested events are looked at with the others again."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("26844fee6ade", order=20220901, first="v6.1", date="2022-09",
        subject="KVM: x86: never write to memory from kvm_vcpu_check_block()",
        touches=("x86.c: kvm_vcpu_running()", "x86.c: vcpu_block()"), read="memory")
class Without(Era):
    """kvm_vcpu_running() let L2 exit before any request was served."""

    def running_checks_nested_events(self) -> bool:
        """Yes."""
        return True
