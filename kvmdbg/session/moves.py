"""The motions that commands ask for, each as a Journey."""

from __future__ import annotations

from collections.abc import Callable

from kvmdbg.errors import UserError
from kvmdbg.machine.actions import waits
from kvmdbg.machine.kvm.state import Vcpu
from kvmdbg.session.breakpoints import Breakpoint, split
from kvmdbg.session.journey import Journey
from kvmdbg.session.lines import Lines, Wants
from kvmdbg.session.motion import Backward, Forward, Motion
from kvmdbg.session.names import matches
from kvmdbg.session.results import Stop
from kvmdbg.session.session import Session

NO_HISTORY = "No more reverse-execution history: this is the start."


def forward(s: Session, wants: Callable[[int], Wants] | None, count: int = 1, reason: str = "step",
            why: Callable[[int], str] = lambda position: "", here: bool = False) -> Journey:
    """`count` times forwards until what `wants` asks for; see Forward for the arguments."""
    return Journey(lambda: Forward(s, wants, reason, why, here), count)


def backward(s: Session, target: Callable[[int], int], count: int = 1, reason: str = "step") -> Journey:
    """`count` times backwards to where `target` says for the position at the time."""

    def make() -> Motion | Stop:
        cursor = s.tape.cursor
        if not cursor:
            motion = Backward(s, 0, reason)
            return motion.stop(0, "start", NO_HISTORY)
        return Backward(s, target(cursor), reason)

    return Journey(make, count)


def lines(s: Session) -> Lines:
    return Lines(s.timeline)


def one_entry(start: int) -> Wants:
    """stepi: the next position."""
    return lambda position: True


def depth_of(s: Session) -> int:
    """How many frames from the outermost one the selected frame is; 0 where there is no frame."""
    depth = lines(s).depth(s.tape.cursor)
    return max(depth - s.frame, 1) if depth else 0


def until(s: Session, text: str) -> Callable[[int], Wants]:
    """A question that is true where the entry matches `SPEC or FUNCTION [vcpu N] [if CONDITION]`.

    raises: UserError for an unknown event or function.
    """
    what, vcpu, condition = split(text)
    probe = Breakpoint(0, "breakpoint", what, vcpu=vcpu, condition=condition)
    probe.bind(s.kvm)
    asker = Backward(s, s.tape.cursor)
    entered = lines(s)

    def matches_at(position: int) -> bool:
        if position >= s.tape.end:
            return False
        if probe.codes:
            stamp = s.tape.stamps[position]
            depths = [len(stamp) // 2 - at // 2 for at in range(0, len(stamp), 2) if stamp[at] in probe.codes]
            if not any(position == 0 or entered.invocation(position, depth) != entered.invocation(position - 1, depth)
                       for depth in depths):
                return False
        elif s.tape.entries[position][0] not in probe.tests:
            return False
        return asker.matches(probe, position)

    return lambda start: matches_at


def until_back(s: Session, text: str) -> Callable[[int], int]:
    """The last position before the given one whose entry matches; 0 when there is none.  raises: UserError."""
    what, _, _ = split(text)
    probe = Breakpoint(0, "breakpoint", what)
    probe.bind(s.kvm)
    if probe.codes:
        wants = until(s, text)(0)

        def scan(position: int) -> int:
            position -= 1
            while position > 0 and not wants(position):
                position -= 1
            return max(position, 0)

        return scan
    return lambda position: ([0] + [at for at in matches(s, text) if at < position])[-1]


def instruction_done(s: Session, left: int) -> Callable[[int], Wants]:
    """Is the guest at an instruction again, with at most `left` of its program to execute, and between two actions?"""

    return lambda start: in_guest_when(s, lambda vcpu: len(vcpu.program) <= left)


def code_done(s: Session) -> Callable[[int], Wants]:
    """Is the guest at an instruction again that it has not tried yet, and between two actions?  For code that RIP walks through."""

    wants = in_guest_when(s, lambda vcpu: not vcpu.retries)
    return lambda start: lambda position: position != start and wants(position)


def in_guest_when(s: Session, ready: Callable[[Vcpu], bool]) -> Wants:
    """Is the current vCPU between two actions, and about to run its guest with `ready` true, or waiting there?"""

    def done(position: int) -> bool:
        if not s.timeline.at_border(position):
            return False
        s.tape.seek(position)
        vcpu = s.kvm.vcpus[s.current_vcpu]
        return waits(s.kvm, vcpu.id) or (vcpu.todo == ("guest",) and ready(vcpu))

    return done


def require_past(s: Session) -> None:
    """raises: UserError at #0."""
    if not s.tape.cursor:
        raise UserError(NO_HISTORY)
