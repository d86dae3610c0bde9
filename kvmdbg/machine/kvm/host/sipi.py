"""host sipi: another processor of the VM sends the vCPU a start-up interrupt."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.operands import OperandType, number
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.lapic import kvm_apic_accept_events
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.user_space import leave_kvm_run


def parse_vector(text: str) -> int | None:
    """Eight bits: the page at which the processor would start."""
    found = number(text)
    return found if found is not None and found <= 0xFF else None


VECTOR = OperandType("vector", "a start-up vector, 0 to 0xff", parse_vector, ("0x10",))


@host_event("sipi", operands=(VECTOR,), source="lapic.c: kvm_apic_accept_events(); nested.c: vmx_check_nested_events()")
def happen(kvm: Kvm, vcpu: Vcpu, vector: int) -> None:
    """A start-up interrupt: an L2 that waits for one (GUEST_ACTIVITY_STATE 3) exits to L1; any other vCPU drops it."""
    if not kvm.era.init_acts_at_once():
        raise UserError(f"host sipi: no vCPU of {kvm.era.name} waits for a SIPI here",
                        "bf0cd88ce363 (v5.11) let an L2 wait for one.")
    if vcpu.exit_to_user:
        raise UserError(f"host sipi: vcpu{vcpu.id}'s KVM_RUN has returned to user space: {vcpu.exit_to_user}")
    leave_kvm_run(kvm, vcpu)
    kvm.events(vcpu).sipi = vector
    kvm_make_request(kvm, vcpu, "EVENT", "__apic_accept_irq")
    kvm_apic_accept_events(kvm, vcpu)
    if vcpu.mp_state == "RUNNABLE" and vcpu.todo == ("kvm_vcpu_block",):
        vcpu.todo = ("vcpu_enter_guest",)
