"""The host takes a vCPU's thread out of its guest: an interrupt of the processor that the thread runs on."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.controls import BLOCKING_MOV_SS, BLOCKING_STI
from kvmdbg.machine.hw.interrupts import raise_interrupt
from kvmdbg.machine.kvm.run import ACTS, guest_goes_on
from kvmdbg.machine.kvm.state import Kvm, Vcpu

LOCAL_TIMER_VECTOR: Final = 0xEC       # irq_vectors.h


def on_processor(vcpu: Vcpu) -> bool:
    """Has the vCPU's thread a processor? Not before its first action, and not while something else runs there."""
    return vcpu.todo[:1] != ("vcpu_load",)


def leave_guest(kvm: Kvm, vcpu: Vcpu, word: str) -> None:
    """The timer tick ends the vCPU's time: its guest exits, and the thread can be scheduled; outside the guest nothing is needed.

    raises: UserError where the thread has interrupts off, or where the guest has no instruction to end the shadow of STI or MOV SS.
    """
    if vcpu.exit_to_user:
        raise UserError(f"host {word}: vcpu{vcpu.id}'s KVM_RUN has returned to user space: {vcpu.exit_to_user}")
    if vcpu.todo == ("vmenter",):
        raise UserError(f"host {word}: vcpu{vcpu.id}'s thread has interrupts off, on its way into the guest",
                        "Use `finish`, or `until vmentry`, first.")
    if vcpu.todo == ("guest",):
        if kvm.cpu(vcpu).blocking & (BLOCKING_STI | BLOCKING_MOV_SS) and not guest_goes_on(kvm, vcpu):
            raise UserError(f"host {word}: vcpu{vcpu.id}'s guest is in the shadow of STI or MOV SS, where no interrupt comes",
                            "It ends with the guest's next instruction: `nop`.")
        raise_interrupt(kvm.hw, vcpu.cpu, LOCAL_TIMER_VECTOR)
        while vcpu.todo == ("guest",):
            ACTS["guest"](kvm, vcpu)
