"""The catalogue of facts: what an `expect` entry can say, and how it is compared with what was seen.

`@outcome("fault")` declares a value of the key `outcome`; `@key("error_code")` any other key. The function gets the step
as it was seen and the wanted value, and gives "" when the fact holds, else what was seen instead. It raises Unsupported
when the model cannot tell. A word that is in neither catalogue makes the instance `unsupported: WORD`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from kvmdbg.catalog import Catalog
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.session.cases.binding import MASK64, Binding
from kvmdbg.session.cases.model import Value
from kvmdbg.session.cases.registers_read import LeafRead, MsrRead
from kvmdbg.session.cases.seen import Seen
from kvmdbg.session.cases.vocabulary import refuse_key, refuse_outcome


class Operated(NamedTuple):
    """One operation of a step, done."""

    actor: str                   # "L1", "L2", "L0"
    word: str
    seen: Seen
    value: Value | None          # what a read gave; None for what reads nothing
    flags: int                   # RFLAGS of the level that executed it, after it; -1 where that level does not run


class Observed(NamedTuple):
    """One step, done: what there is to compare."""

    kvm: Kvm
    vcpu: Vcpu
    binding: Binding
    given: Mapping[str, Value]               # of the case, with the extra state of the row
    start: int                               # tape positions: the step's entries are start <= position < stop
    stop: int
    operations: tuple[Operated, ...]
    fresh: Mapping[int, int]                 # linear address -> host-physical address that its tables name now
    before: Mapping[int, int]                # and named before they were last changed

    @property
    def last(self) -> Operated:
        """The operation that the step's facts talk about."""
        return self.operations[-1] if self.operations else Operated("", "", Seen(), None, -1)

    @property
    def seen(self) -> Seen:
        return self.last.seen

    def events(self, *kinds: type) -> list[Any]:
        """The step's events of these types, in order."""
        return [event for _, event in self.kvm.tape.events(self.start, self.stop) if isinstance(event, kinds)]


_RELATION: Final = re.compile(r"(<=|>=|<|>)\s*(.+)")
_RELATIONS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
Fact = Callable[[Observed, Value], str]

_BITS: Final = re.compile(r"bits?_(\d+)(?:_(\d+))?")
OUTCOMES: Final[Catalog[Callable[[Observed], str]]] = Catalog("outcome of a case")
KEYS: Final[Catalog[Fact]] = Catalog("key of a case's expectation")


def outcome(name: str) -> Callable[[Callable[[Observed], str]], Callable[[Observed], str]]:
    """Declare the decorated function as what `outcome: NAME` means."""
    return lambda function: OUTCOMES.add(name, function)


def key(*names: str) -> Callable[[Fact], Fact]:
    """Declare the decorated function as what these keys mean."""
    def declare(function: Fact) -> Fact:
        for name in names:
            KEYS.add(name, function)
        return function
    return declare


def kind_is(observed: Observed, *kinds: str) -> str:
    """"" when the step's last operation ended in one of these ways, else how it ended."""
    return "" if observed.seen.kind in kinds else str(observed.seen)


def same_number(observed: Observed, seen: int, wanted: Value) -> str:
    """Compare with a number, or with a word or expression that stands for one; seen in hex when they differ.

    `< 10`, `<= -(1 << 32)`, `> 0`: a relation; to a negative number, of 64 bits with a sign.
    """
    relation = _RELATION.fullmatch(wanted) if isinstance(wanted, str) else None
    if relation:
        bound = observed.binding.number(relation[2])
        signed = seen - (1 << 64) if bound < 0 and seen >> 63 else seen
        return "" if _RELATIONS[relation[1]](signed, bound) else f"{seen:#x}"
    number = wanted if isinstance(wanted, int) else observed.binding.number(str(wanted))
    return "" if seen == (number & MASK64 if number < 0 <= seen else number) else f"{seen:#x}"


def check(observed: Observed, name: str, wanted: Value) -> str:
    """One key of an expectation.  raises: Unsupported for a word that no file declares."""
    if name == "outcome":
        return check_outcome(observed, str(wanted))
    fact = fact_of(name)
    if fact is None:
        raise refuse_key(name)
    return fact(observed, wanted)


def fact_of(name: str) -> Fact | None:
    """What compares a key: one that is declared, or `bits_9_1`, `bit_31` of what the step has read."""
    match = _BITS.fullmatch(name)
    if match is None:
        return KEYS.get(name)
    first, last = int(match[2] or match[1]), int(match[1])
    return lambda observed, wanted: bits(observed, first, last, wanted)


def bits(observed: Observed, first: int, last: int, wanted: Value) -> str:
    """Some bits of a number that the step has read."""
    read = observed.last.value
    seen = read.value if isinstance(read, (MsrRead, LeafRead)) else read
    if not isinstance(seen, int):
        return f"no number is read: {observed.seen}"
    return same_number(observed, seen >> first & (1 << last - first + 1) - 1, wanted)


def check_outcome(observed: Observed, name: str) -> str:
    """One outcome by name."""
    fact = OUTCOMES.get(name)
    if fact is None:
        raise refuse_outcome(name)
    return fact(observed)
