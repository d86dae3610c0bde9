"""host steal-time: user space writes MSR_KVM_STEAL_TIME of a vCPU, as its guest would at boot."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.operands import NUMBER, OperandType, value_64
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.steal_time import ALIGNMENT, KVM_MSR_ENABLED, set_steal_time

OFF = "off"
PAGE = OperandType("address", f"an L1 guest-physical address, {NUMBER}, or off",
                   lambda text: 0 if text.lower() == OFF else value_64(text), (OFF,))


@host_event("steal-time", operands=(PAGE,), source="x86.c: kvm_set_msr_common(), MSR_KVM_STEAL_TIME; kvm.md D")
def happen(kvm: Kvm, vcpu: Vcpu, gpa: int) -> None:
    """Where the vCPU's struct kvm_steal_time lies in L1's memory; bit 1 of the byte at 0x10 in it asks for a flush."""
    if gpa % ALIGNMENT or gpa >= kvm.config.memory:
        raise UserError(f"host steal-time: {gpa:#x} is no multiple of {ALIGNMENT} in the VM's memory",
                        "For example 0x7000; or off.")
    set_steal_time(kvm, vcpu, gpa | KVM_MSR_ENABLED if gpa else 0)
