"""KVM_REQ_STEAL_UPDATE: account steal time. Behind the flushes, though a flush may be found there."""

from __future__ import annotations

from kvmdbg.machine.kvm.request import request
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.steal_time import record_steal_time


@request("STEAL_UPDATE", source="x86.c: vcpu_enter_guest()")
def serve(kvm: Kvm, vcpu: Vcpu) -> None:
    """Tell the guest how long it did not run, and flush if another vCPU left that to the host."""
    record_steal_time(kvm, vcpu)
