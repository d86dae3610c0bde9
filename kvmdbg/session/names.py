"""What a session adds to expressions: `position`, `digest`, `kernel`, `stop`, and the functions that count on the tape."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.events import Invalidated
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.session import expr
from kvmdbg.session.breakpoints import Breakpoints, split
from kvmdbg.session.judged import judged_of
from kvmdbg.session.results import Stop
from kvmdbg.session.scope import Scope
from kvmdbg.session.specs import Spec, compile_spec, condition_names
from kvmdbg.session.timeline import Timeline
from kvmdbg.tape import Tape


class Owner(Protocol):
    """The part of a Session that expressions reach."""

    kvm: Kvm
    timeline: Timeline
    breakpoints: Breakpoints
    last_stop: Stop | None

    @property
    def tape(self) -> Tape: ...
    def scope(self, local: dict[str, Any] | None = None) -> Scope: ...


class StopView(NamedTuple):
    """`stop` in expressions."""

    reason: str
    position: int
    breakpoint: int          # 0: no breakpoint
    text: str


def late_names(owner: Owner) -> dict[str, Callable[[], Any]]:
    """Names whose value is computed when somebody asks."""
    return {
        "position": lambda: owner.tape.cursor,
        "end": lambda: owner.tape.end,
        "digest": lambda: owner.tape.digest(),
        "kernel": lambda: owner.kvm.era.name,
        "config": lambda: owner.kvm.config,
        "caps": lambda: owner.kvm.hw.caps,
        "stop": lambda: _stop(owner),
    }


def _stop(owner: Owner) -> StopView:
    stop = owner.last_stop
    return StopView(stop.reason, stop.position, stop.breakpoint or 0, stop.text) if stop is not None else StopView("", 0, 0, "")


def calls(owner: Owner) -> dict[str, Callable[..., Any]]:
    """Functions over the tape up to the cursor."""
    return {"count": lambda spec, since=0: len(matches(owner, spec, since)),
            "dropped": lambda spec="flush", since=0: _dropped(owner, spec, since),
            "last": lambda spec: (matches(owner, spec, 0) or [-1])[-1],
            "first": lambda spec: (matches(owner, spec, 0) or [-1])[0]}


def matches(owner: Owner, text: str, since: Any = 0) -> list[int]:
    """Positions before the cursor of the entries that `SPEC [vcpu N] [if CONDITION]` matches, ascending.

    since: count from this position or bookmark on.  A condition sees the event's own names and the state at the cursor.
    """
    if not isinstance(text, str):
        raise UserError(f"{text!r} is no event", 'Write a text: count("flush:invvpid").')
    what, vcpu, condition = split(text)
    spec = compile_spec(owner.kvm, what)
    start = owner.timeline.place(since) if isinstance(since, str) else operator.index(since)
    if not 0 <= start:
        raise UserError(f"{start} is no position")
    tape = owner.tape
    found: list[int] = []
    for source, test in spec.tests.items():
        positions = owner.timeline.events.between(source, start, tape.cursor) if isinstance(source, type) \
            else (at for at in range(start, tape.cursor) if tape.entries[at][0] is source)
        found += [at for at in positions if test(tape.entries[at])]
    if spec.kind.verdict:
        judged = judged_of(owner.kvm)
        found = [at for at in found if judged.status(at) == spec.kind.verdict]
    return [at for at in sorted(found) if _counts(owner, spec, at, vcpu, condition)]


def _counts(owner: Owner, spec: Spec, at: int, vcpu: int | None, condition: str) -> bool:
    if vcpu is None and not condition:
        return True
    names = condition_names(owner.kvm, spec.tests, owner.tape.entries[at])
    mark = owner.timeline.mark_at(at)
    if vcpu is not None and names.get("vcpu", mark.vcpu if mark is not None else -1) != vcpu:
        return False
    return not condition or bool(expr.evaluate(condition, owner.scope(names)))


def _dropped(owner: Owner, text: str, since: Any) -> int:
    """How many entries the flushes that `text` matches removed."""
    events = [owner.tape.event(at) for at in matches(owner, text, since)]
    return sum(len(event.dropped) for event in events if isinstance(event, Invalidated))
