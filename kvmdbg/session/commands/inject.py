"""inject, program: give the guest instructions to execute."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.machine.actions import load_program, why_idle
from kvmdbg.machine.hw.events import Accessed, Completed, Delivered, Faulted, Retired, VmEntryFailed
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.state import Insn
from kvmdbg.machine.kvm.events import NestedEntered, NestedEntryFailed, NestedExited, NestedFailed, NestedSucceeded
from kvmdbg.machine.kvm.state import HALTED
from kvmdbg.session import moves
from kvmdbg.session.describe import entry_text
from kvmdbg.session.journey import Journey
from kvmdbg.session.operands import Instruction, VcpuInFront
from kvmdbg.session.parse import REQUIRED, command
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session

OUTCOMES = (Accessed, Completed, Delivered, Faulted, VmEntryFailed, NestedEntered, NestedEntryFailed, NestedExited, NestedFailed,
            NestedSucceeded)


def load(s: Session, vcpu: int, insns: tuple[Insn, ...], front: bool, text: str) -> None:
    """Put instructions into the guest's program, as one edit.  raises: UserError when the vCPU will never execute them."""
    target = s.kvm.vcpus[vcpu]
    s.timeline.require_border("inject")
    if target.exit_to_user or target.mp_state == HALTED:
        raise UserError(f"vcpu{vcpu} cannot execute anything: {why_idle(s.kvm, target)}", "Go back with reverse-continue or undo.")
    s.timeline.edit("inject", text, lambda: load_program(s.kvm, vcpu, insns, front), vcpu)


@command("inject", group="machine", examples=("inject mov cr3, 0x2000", "inject vcpu0 invvpid single-context 2", "inject vmlaunch"))
def inject(s: Session, vcpu: VcpuInFront = None, instruction: Instruction = REQUIRED) -> Journey:
    """Let the guest level that runs execute one instruction, through to the next VM entry or wait.

    A breakpoint may stop in the middle; `continue` goes on.  It is refused in the middle of an action.  In the past it
    cuts off what was ahead; `undo` brings that back.
    """
    if vcpu is not None:
        s.current_vcpu = vcpu
    left = len(s.kvm.vcpus[s.current_vcpu].program)
    load(s, s.current_vcpu, (instruction,), True, f"inject {instruction.text}")
    start = s.tape.cursor
    return moves.forward(s, moves.instruction_done(s, left), reason="inject", why=lambda position: outcome(s, start, position))


def outcome(s: Session, start: int, stop: int) -> str:
    """What became of the instruction, as the last event says that tells it; "" when none does."""
    found = [at for kind in OUTCOMES for at in s.timeline.events.between(kind, start, stop)] \
        or list(s.timeline.events.between(Retired, start, stop))
    return entry_text(s.kvm, s.tape.entries[max(found)]) if found else ""


@command("program", group="machine", examples=("program", "program vcpu0"), block=True)
def program(s: Session, vcpu: VcpuInFront = None, body: tuple[str, ...] = ()) -> Text:
    """Give the guest several instructions, one a line up to `end`; `continue`, `insn` and `step` then execute them."""
    insns = tuple(map(parse_insn, body))
    if vcpu is not None:
        s.current_vcpu = vcpu
    if insns:
        load(s, s.current_vcpu, insns, False, f"program of {len(insns)}")
    return Text(f"vcpu{s.current_vcpu} has {len(s.kvm.vcpus[s.current_vcpu].program)} instructions to execute")
