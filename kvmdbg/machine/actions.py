"""What may happen next, and making it happen."""

from __future__ import annotations

from typing import NamedTuple

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.state import Insn
from kvmdbg.machine.kvm.run import ACTS, guest_goes_on, runnable
from kvmdbg.machine.kvm.state import HALTED, Kvm, Vcpu


class Action(NamedTuple):
    """One atomic act of one vCPU's thread."""

    vcpu: int
    name: str             # a name of machine/kvm/run.py: vcpu_load, vcpu_enter_guest, disable_irqs, vmenter, guest, handle_exit


def enabled(kvm: Kvm) -> tuple[Action, ...]:
    """What can happen now: the front action of each vCPU that can run, in vCPU order."""
    return tuple(Action(vcpu.id, vcpu.todo[0]) for vcpu in kvm.vcpus if runnable(kvm, vcpu))


def do(kvm: Kvm, action: Action) -> None:
    """Run one action whole; its effects are on the tape.

    raises: UserError when it is not enabled, Unsupported when the machine lacks what it needs; either way nothing has
    changed.
    """
    if action not in enabled(kvm):
        raise UserError(f"vcpu{action.vcpu} cannot do {action.name!r} now: {why_idle(kvm, kvm.vcpus[action.vcpu])}")
    tape = kvm.tape
    tape.bottom = do.__code__
    start = tape.cursor
    try:
        ACTS[action.name](kvm, kvm.vcpus[action.vcpu])
    except Exception:
        if tape.recording:
            tape.seek(start)
            tape.cut()
        raise


def load_program(kvm: Kvm, vcpu_id: int, insns: tuple[Insn, ...], front: bool) -> None:
    """Give a vCPU's guest instructions to execute, before (front) or after what it already has."""
    vcpu = kvm.vcpus[vcpu_id]
    kvm.tape.bottom = load_program.__code__
    vcpu.program = vcpu.program.preceded_by(insns) if front else vcpu.program.followed_by(insns)


def waits(kvm: Kvm, vcpu_id: int) -> bool:
    """Is the vCPU in its guest with nothing to execute?"""
    vcpu = kvm.vcpus[vcpu_id]
    return vcpu.todo == ("guest",) and not guest_goes_on(kvm, vcpu)


def why_idle(kvm: Kvm, vcpu: Vcpu) -> str:
    """Why a vCPU does nothing, in words; for messages."""
    if vcpu.exit_to_user:
        return f"KVM_RUN has returned to user space: {vcpu.exit_to_user}"
    if runnable(kvm, vcpu):
        return f"it does {vcpu.todo[0]!r} next"
    if vcpu.mp_state == HALTED:
        return "it is halted until an event comes (`host irq`)"
    return "its guest waits for an instruction (`inject`)"
