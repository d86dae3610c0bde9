"""Breakpoints, catchpoints and watchpoints: what to stop at, and under which condition.

A breakpoint is asked about an entry only when the entry's owner (the event's type, or the table) is one that it is
interested in; a watchpoint only when the entry changed a cell that its expression had read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any, Final

from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.oracle.verdict import FORBIDDEN
from kvmdbg.session import expr
from kvmdbg.session.functions import named
from kvmdbg.session.parse import did_you_mean
from kvmdbg.session.specs import KINDS_OF_EVENTS, Test, compile_spec, is_spec

KEEP: Final = "keep"
DELETE: Final = "del"
DISABLE: Final = "dis"
BREAK: Final = "breakpoint"
CATCH: Final = "catchpoint"
WATCH: Final = "watchpoint"
ALWAYS: Final = 0                  # the number of the one that nobody set
_IF: Final = re.compile(r"(?:^|\s)if\b\s*(.*)$", re.DOTALL)
_VCPU: Final = re.compile(r"\s+(?:vcpu|thread)\s+(?:vcpu)?(\S+)\s*$")


@dataclass(slots=True, eq=False)
class Breakpoint:
    """One breakpoint, catchpoint or watchpoint."""

    number: int
    kind: str                          # BREAK, CATCH or WATCH
    what: str                          # the spec, the function, or the watched expression
    disposition: str = KEEP            # what happens to it after a hit: KEEP, DELETE (tbreak) or DISABLE (enable once)
    enabled: bool = True
    hits: int = 0
    ignore: int = 0                    # hits that will not stop
    condition: str = ""                # an expression; "" = none
    vcpu: int | None = None            # only for this vCPU
    commands: tuple[str, ...] = ()     # lines to run after a stop here
    stop_after: int = 0                # enable count: disable it after so many more hits; 0 = never
    tests: dict[Any, Test] = field(default_factory=dict)
    codes: tuple[CodeType, ...] = ()   # a function: stop at the first entry made inside a new invocation of one of these
    verdict: str = ""                  # only uses of a translation that the oracle judges so

    def describe(self) -> str:
        """`flush:single-context vcpu 1 if vpid == 2`"""
        vcpu = f" vcpu {self.vcpu}" if self.vcpu is not None else ""
        return self.what + vcpu + (f" if {self.condition}" if self.condition else "")

    def bind(self, kvm: Kvm) -> None:
        """Look up for this machine what it stops at.  raises: UserError when there is no such thing."""
        if self.kind == WATCH:
            expr.parse(self.what)
        elif is_spec(self.what):
            spec = compile_spec(kvm, self.what)
            self.tests, self.codes, self.verdict = spec.tests, (), spec.kind.verdict
        else:
            self.tests, self.codes = {}, code_of(self.what)


def code_of(name: str) -> tuple[CodeType, ...]:
    """The functions that a location names.  raises: UserError that knows events as well."""
    word = name.removesuffix("()")
    if not re.fullmatch(r"[A-Za-z_]\w*", word):
        raise UserError(f"{name!r} is no place to stop at", 'Write an event (see "help events") or a function of the model.')
    try:
        return named(word)
    except UserError as wrong:
        close = did_you_mean(word, KINDS_OF_EVENTS.names())
        raise UserError(f'Function "{word}" not defined in the model, and no event has that name.', close or wrong.hint) from None


def split(text: str) -> tuple[str, int | None, str]:
    """`WHAT [vcpu N] [if CONDITION]` -> (what, vcpu or None, condition or "").  raises: UserError."""
    match = _IF.search(text)
    condition = match.group(1).strip() if match else ""
    if match and not condition:
        raise UserError("a condition is missing behind `if`")
    rest = text[:match.start()] if match else text
    vcpu: int | None = None
    found = _VCPU.search(rest)
    if found:
        if not found.group(1).isdigit():
            raise UserError(f"{found.group(1)!r} is no vCPU", "Write vcpu 0.")
        vcpu, rest = int(found.group(1)), rest[:found.start()]
    if condition:
        expr.parse(condition)
    return rest.strip(), vcpu, condition


class Breakpoints:
    """All of a session, by number; numbers are never used twice.

    always: `break forbidden` without a number, which is not among them; `set stop-on-forbidden` switches it.
    """

    def __init__(self) -> None:
        self._all: dict[int, Breakpoint] = {}
        self.always = Breakpoint(ALWAYS, BREAK, FORBIDDEN, enabled=False)
        self.last = 0
        self.by_owner: dict[Any, tuple[Breakpoint, ...]] = {}        # enabled ones, by what they are interested in
        self.by_code: dict[CodeType, tuple[Breakpoint, ...]] = {}
        self.watches: tuple[Breakpoint, ...] = ()

    def __iter__(self) -> Iterator[Breakpoint]:
        return iter(self._all.values())

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, number: object) -> bool:
        return number in self._all

    def add(self, kvm: Kvm, kind: str, what: str, *, vcpu: int | None = None, condition: str = "",
            disposition: str = KEEP) -> Breakpoint:
        """Make a new one.  raises: UserError for an unknown event, function, vCPU or a bad expression."""
        if vcpu is not None and vcpu >= len(kvm.vcpus):
            raise UserError(f"Unknown vCPU {vcpu}.", f"The machine has {len(kvm.vcpus)}.")
        made = Breakpoint(self.last + 1, kind, what, disposition, condition=condition, vcpu=vcpu)
        made.bind(kvm)
        self.last += 1
        self._all[made.number] = made
        self.changed()
        return made

    def __getitem__(self, number: int) -> Breakpoint:
        """raises: UserError in gdb's words."""
        if number not in self._all:
            raise UserError(f"No breakpoint number {number}.", f"There are {', '.join(map(str, self._all))}." if self._all else "")
        return self._all[number]

    def delete(self, number: int) -> None:
        del self._all[self[number].number]
        self.changed()

    def bind(self, kvm: Kvm) -> None:
        """Look everything up again for another machine."""
        for one in (*self, self.always):
            one.bind(kvm)
        self.changed()

    def stop_on_forbidden(self, on: bool) -> None:
        """Stop before each use of a forbidden translation, or go on."""
        self.always.enabled = on
        self.changed()

    def changed(self) -> None:
        """Build the lookups again, after one was added, deleted, enabled or disabled."""
        enabled = [one for one in (*self, self.always) if one.enabled]
        self.watches = tuple(one for one in enabled if one.kind == WATCH)
        self.by_owner = _grouped([(owner, one) for one in enabled for owner in one.tests])
        self.by_code = _grouped([(code, one) for one in enabled for code in one.codes])

    def hit(self, one: Breakpoint) -> bool:
        """Count a hit whose condition holds; does it stop?  Afterwards its disposition is carried out."""
        one.hits += 1
        if one.ignore:
            one.ignore -= 1
            return False
        if one.stop_after:
            one.stop_after -= 1
            if not one.stop_after:
                one.enabled = False
                self.changed()
        if one.disposition == DELETE:
            self.delete(one.number)
        elif one.disposition == DISABLE:
            one.enabled, one.disposition = False, KEEP
            self.changed()
        return True


def _grouped(pairs: list[tuple[Any, Breakpoint]]) -> dict[Any, tuple[Breakpoint, ...]]:
    grouped: dict[Any, tuple[Breakpoint, ...]] = {}
    for key, one in pairs:
        grouped[key] = (*grouped.get(key, ()), one)
    return grouped
