"""KVM_REQ_TRIPLE_FAULT: the guest has shut down."""

from __future__ import annotations

from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.request import request
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@request("TRIPLE_FAULT", source="x86.c: vcpu_enter_guest()")
def serve(kvm: Kvm, vcpu: Vcpu) -> None:
    """KVM_RUN returns with KVM_EXIT_SHUTDOWN; that of L2 is an exit to L1 (cb6a32c2b877)."""
    for_l1 = vcpu.guest_mode and kvm.era.triple_faults_of_l2_are_l1s()
    kvm.emit(Decided, vcpu.id, "vcpu_enter_guest", "who gets the triple fault?", "L1" if for_l1 else "user space",
             f"L{2 if vcpu.guest_mode else 1} is the guest", "x86.c: vcpu_enter_guest()")
    if for_l1:
        kvm.ops.triple_fault(kvm, vcpu)
    else:
        vcpu.exit_to_user = "KVM_EXIT_SHUTDOWN (triple fault)"
