"""insn, reverse-insn: one instruction of the guest."""

from __future__ import annotations

from kvmdbg.machine.kvm.code import insn_at_rip
from kvmdbg.machine.kvm.tables import in_guest
from kvmdbg.session import moves
from kvmdbg.session.journey import Journey
from kvmdbg.session.lines import Wants
from kvmdbg.session.operands import Count
from kvmdbg.session.parse import command
from kvmdbg.session.session import Session


@command("insn", group="motion", examples=("insn", "insn 2"), repeatable=True)
def insn(s: Session, count: Count = 1) -> Journey:
    """Go on until the guest has executed one instruction and is at the next one, or waits for one.

    What KVM does for it (a VM exit, an emulation, a nested entry) is gone through to the next VM entry.
    """

    def wants(start: int) -> Wants:
        s.tape.seek(start)
        vcpu = s.kvm.vcpus[s.current_vcpu]
        if in_guest(vcpu) and insn_at_rip(s.kvm, vcpu) is not None:
            return moves.code_done(s)(start)
        return moves.instruction_done(s, max(len(vcpu.program) - 1, 0))(start)

    return moves.forward(s, wants, count)


@command("reverse-insn", group="motion", aliases=("ri",), examples=("reverse-insn",), repeatable=True)
def reverse_insn(s: Session, count: Count = 1) -> Journey:
    """Go back to where the guest was about to execute the instruction before."""

    def target(position: int) -> int:
        starts = [mark.start for mark in s.timeline.marks_between(0, position) if mark.name == "guest"]
        return starts[-1] if starts else 0

    return moves.backward(s, target, count)
