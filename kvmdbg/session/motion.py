"""Motions: walking over the tape until something says stop, and running the machine where the tape ends.

A motion never executes what is on the tape already; it looks at entries.  The tape's own cursor follows only where a
condition or a watched expression has to be evaluated, and at the stop.  A motion can be pumped in pieces, so that a
program with a screen stays awake and Ctrl-C is heard.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from kvmdbg.errors import UserError
from kvmdbg.machine.actions import why_idle
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.oracle.verdict import FORBIDDEN
from kvmdbg.session import expr
from kvmdbg.session.accusation import accusation
from kvmdbg.session.breakpoints import ALWAYS, BREAK, CATCH, WATCH, Breakpoint, Breakpoints
from kvmdbg.session.describe import entry_text
from kvmdbg.session.functions import short
from kvmdbg.session.judged import judged_of
from kvmdbg.session.lines import Lines, Wants
from kvmdbg.session.results import Stop
from kvmdbg.session.scope import Scope
from kvmdbg.session.specs import condition_names
from kvmdbg.session.timeline import Timeline
from kvmdbg.session.views import Reads, show
from kvmdbg.tape import Tape

EVERYTHING = 1 << 62
NAMES = {BREAK: "Breakpoint", CATCH: "Catchpoint", WATCH: "Watchpoint"}


class Traveller(Protocol):
    """The part of a Session that moves."""

    kvm: Kvm
    timeline: Timeline
    breakpoints: Breakpoints
    current_vcpu: int

    @property
    def tape(self) -> Tape: ...
    def scope(self, local: dict[str, Any] | None = None) -> Scope: ...


class Watched:
    """A watchpoint during one motion: the value as of the last look, and what was read for it."""

    def __init__(self, breakpoint: Breakpoint, traveller: Traveller) -> None:
        self.breakpoint = breakpoint
        self.traveller = traveller
        self.reads = Reads()
        self.value = self.look()

    def look(self) -> str:
        """The value at the cursor, as text (two values are the same when they print the same)."""
        scope = self.traveller.scope()
        self.reads = scope.reads
        try:
            return show(expr.evaluate(self.breakpoint.what, scope))
        except UserError as wrong:
            return f"<{wrong.message}>"


class Motion:
    """What forward and backward motions share: asking breakpoints and watchpoints, and saying where one stands."""

    def __init__(self, traveller: Traveller) -> None:
        self.traveller = traveller
        self.timeline = traveller.timeline
        self.tape = traveller.tape
        self.breakpoints = traveller.breakpoints
        self.at = self.tape.cursor
        self.watched = [Watched(one, traveller) for one in self.breakpoints.watches]

    def pump(self, budget: int = EVERYTHING) -> Stop | None:
        """Move over at most `budget` entries; the stop, or None when there is more to do."""
        raise NotImplementedError

    def run(self) -> Stop:
        """To the end of the motion."""
        stop = None
        while stop is None:
            stop = self.pump()
        return stop

    def interrupt(self) -> Stop:
        """Stop where the motion has come to."""
        return self.stop(self.at, "interrupted", "Interrupted.")

    # -- stopping ----------------------------------------------------------------------------------------------------

    def stop(self, position: int, reason: str, why: str = "", number: int | None = None) -> Stop:
        """Stand at `position` and say so."""
        self.tape.seek(position)
        self.timeline.seen = position if position < self.tape.end else -1
        text = "\n".join(filter(None, (why, self.describe(position))))
        return Stop(position, reason, text, number, where(self.timeline, position))

    def describe(self, position: int) -> str:
        """`#41 vmx_flush_tlb_current () at vmx_flush.py:97: cpu0 INVVPID ...`, or what comes at the end of the tape."""
        if position >= self.tape.end:
            return f"#{position} {self.ahead()}"
        place = where(self.timeline, position)
        return f"#{position} {place}{': ' if place else ''}{entry_text(self.traveller.kvm, self.tape.entries[position])}"

    def ahead(self) -> str:
        """What comes at the end of the tape."""
        vcpu = self.traveller.kvm.vcpus[self.traveller.current_vcpu]
        why = why_idle(self.traveller.kvm, vcpu)
        return f"vcpu{vcpu.id}: {why}"

    def hits_before(self, position: int) -> Stop | None:
        """Does a breakpoint stop before the entry at `position`?"""
        entry = self.tape.entries[position]
        asked = self.breakpoints.by_owner.get(entry[0], ())
        entered = self._entered(position) if self.breakpoints.by_code else ()
        if entered:
            asked = tuple(sorted({*asked, *entered}, key=_number))
        hits = [one for one in asked if self.matches(one, position) and self.breakpoints.hit(one)]
        if not hits:
            return None
        set_by_hand = [one for one in hits if one.number != ALWAYS]
        why = [", ".join(f"{NAMES[one.kind]} {one.number}" for one in set_by_hand) + f", {set_by_hand[0].describe()}"] \
            if set_by_hand else []
        if any(one.verdict for one in hits):
            why.append(accusation(self.traveller.kvm, position))
        if set_by_hand:
            return self.stop(position, "breakpoint", "\n".join(why), set_by_hand[0].number)
        return self.stop(position, FORBIDDEN, "\n".join(why))

    def matches(self, one: Breakpoint, position: int) -> bool:
        entry = self.tape.entries[position]
        test = one.tests.get(entry[0])
        if test is not None and not test(entry):
            return False
        if one.verdict and judged_of(self.traveller.kvm).status(position) != one.verdict:
            return False
        if one.vcpu is None and not one.condition:
            return True
        self.tape.seek(position)
        names = condition_names(self.traveller.kvm, one.tests, entry)
        return self._of_vcpu(one, names, position) and self._holds(one, names)

    def _of_vcpu(self, one: Breakpoint, names: dict[str, Any], position: int) -> bool:
        if one.vcpu is None:
            return True
        mark = self.timeline.mark_at(position)
        actor = names.get("vcpu", mark.vcpu if mark is not None else -1)
        return bool(actor == one.vcpu)

    def _holds(self, one: Breakpoint, names: dict[str, Any]) -> bool:
        if not one.condition:
            return True
        try:
            return bool(expr.evaluate(one.condition, self.traveller.scope(names)))
        except UserError as wrong:
            raise UserError(f"Error in testing condition of breakpoint {one.number}: {wrong.message}", wrong.hint) from None

    def _entered(self, position: int) -> tuple[Breakpoint, ...]:
        """Function breakpoints whose function is on the stack here by another invocation than one entry before."""
        stamps = self.tape.stamps
        stamp = stamps[position]
        found: list[Breakpoint] = []
        for code in {*stamp[0::2]} & self.breakpoints.by_code.keys():
            lines = Lines(self.timeline)
            depth = len(stamp) // 2 - stamp.index(code) // 2
            if position == 0 or lines.invocation(position, depth) != lines.invocation(position - 1, depth):
                found += self.breakpoints.by_code[code]
        return tuple(found)

    def watch_crossed(self, crossed: int, now: int) -> Stop | None:
        """Did the entry `crossed`, now that the cursor is to stand at `now`, change a watched value?"""
        owner, key, _, _ = self.tape.entries[crossed]
        for watched in self.watched:
            if not watched.reads.touched_by(owner, key):
                continue
            self.tape.seek(now)
            old, watched.value = watched.value, watched.look()
            one = watched.breakpoint
            if old != watched.value and one.number in self.breakpoints and self._holds(one, {}) and self.breakpoints.hit(one):
                return self.stop(now, "watch", f"Watchpoint {one.number}: {one.describe()}\n\n"
                                 f"Old value = {old}\nNew value = {watched.value}", one.number)
        return None


class Forward(Motion):
    """Forwards until `wants` is satisfied (asked at each position after the first) or a breakpoint stops.

    wants: from the first position makes the question; None = only breakpoints stop.  reason, why: of the stop when it is
    satisfied.  here: it is asked at the first position too, unless a stop has shown the entry there.  At the end of the
    tape the current vCPU's next action is run, until it has none.
    """

    def __init__(self, traveller: Traveller, wants: Callable[[int], Wants] | None, reason: str = "step",
                 why: Callable[[int], str] = lambda position: "", here: bool = False) -> None:
        super().__init__(traveller)
        self.make_wants = wants
        self.here = here and self.timeline.seen != self.at
        self.wants: Wants | None = None
        self.reason = reason
        self.why = why
        self.moved = False
        self.checked = self.timeline.seen == self.at

    def pump(self, budget: int = EVERYTHING) -> Stop | None:
        last = self.at + budget
        while self.at < last:
            if self.at == self.tape.end:
                if not self._run():
                    return self._idle()
                self.here = self.here or self.moved          # the entry here was not on the tape when it was asked for
            stop = self._look() or self._stands_there()
            if stop is not None:
                return stop
            if self.make_wants is None and not self.breakpoints.by_code:
                self._skip(last)
                if self.at >= min(last, self.tape.end):
                    continue
            stop = self._cross()
            if stop is not None:
                return stop
        self.tape.seek(self.at)
        return None

    def _run(self) -> bool:
        self.tape.seek(self.at)
        return self.timeline.run(self.traveller.current_vcpu)

    def _idle(self) -> Stop:
        vcpu = self.traveller.kvm.vcpus[self.traveller.current_vcpu]
        reason = "stuck" if vcpu.exit_to_user.startswith("no progress") else "waiting" if vcpu.todo == ("guest",) else "end"
        return self.stop(self.at, reason)

    def _look(self) -> Stop | None:
        """Breakpoints before the entry at `at`, once; the entry of the stop before has been seen."""
        if self.checked:
            return None
        self.checked = True
        return self.hits_before(self.at)

    def _stands_there(self) -> Stop | None:
        """Is the entry here, which was not on the tape or not shown when it was passed, what is wanted?"""
        if not self.here or self.make_wants is None:
            return None
        self.here = False
        self.wants = self.wants or self.make_wants(self.at)
        return self.stop(self.at, self.reason, self.why(self.at)) if self.wants(self.at) else None

    def _skip(self, last: int) -> None:
        """Go on to the next entry that anybody could be interested in, but no further than `last` or the end."""
        entries, interesting = self.tape.entries, self.breakpoints.by_owner
        watched = {owner for one in self.watched for owner in one.reads.cells}
        end = min(last, self.tape.end)
        if entries[self.at][0] in watched:
            return
        position = self.at + 1
        while position < end and entries[position][0] not in interesting and entries[position][0] not in watched:
            position += 1
        self.at, self.moved, self.checked = position, True, False

    def _cross(self) -> Stop | None:
        """Over one entry; then the watchpoints, the next entry's breakpoints, and `wants`."""
        if not self.checked:
            return None
        if self.wants is None and self.make_wants is not None:
            self.wants = self.make_wants(self.at)
        self.at, self.moved, self.checked = self.at + 1, True, False
        stop = self.watch_crossed(self.at - 1, self.at) if self.watched else None
        if stop is None and self.at < self.tape.end:
            stop = self._look()
        if stop is None and self.wants is not None and self.wants(self.at):
            stop = self.stop(self.at, self.reason, self.why(self.at))
        return stop


class Backward(Motion):
    """Backwards to `target`, or to the first breakpoint on the way.  Nothing is executed."""

    def __init__(self, traveller: Traveller, target: int, reason: str = "step") -> None:
        super().__init__(traveller)
        self.target = target
        self.reason = reason

    def pump(self, budget: int = EVERYTHING) -> Stop | None:
        first = max(self.target, self.at - budget)
        entries, interesting = self.tape.entries, self.breakpoints.by_owner
        codes = self.breakpoints.by_code
        while self.at > first:
            self.at -= 1
            owner = entries[self.at][0]
            stop = self.hits_before(self.at) if owner in interesting or codes else None
            if stop is None and self.watched:
                stop = self.watch_crossed(self.at, self.at)
            if stop is not None:
                return stop
        if self.at > self.target:
            self.tape.seek(self.at)
            return None
        why = "No more reverse-execution history: this is the start." if not self.at and self.reason == "continue" else ""
        return self.stop(self.at, "start" if why else self.reason, why)


def where(timeline: Timeline, position: int) -> str:
    """`vmx_flush_tlb_current () at vmx_flush.py:97`, the edit's words, or "" where nobody listened."""
    frames = timeline.tape.stack(position)
    if frames:
        return f"{frames[0].function} () at {short(frames[0].file)}:{frames[0].line}"
    mark = timeline.mark_at(position)
    return mark.text if mark is not None else ""


def _number(one: Breakpoint) -> int:
    return one.number
