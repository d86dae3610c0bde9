"""`value`, `value_one_of`: the result of a read."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.all_fields import Fields, difference
from kvmdbg.session.cases.binding import MASK64
from kvmdbg.session.cases.fact import Observed, key, same_number
from kvmdbg.session.cases.matrix import spell
from kvmdbg.session.cases.model import Value
from kvmdbg.session.cases.registers_read import LeafRead, MsrRead

BOUND: Final = re.compile(r"\s*(<=|>=|<|>)(?![<>])\s*(.+)")
ORDERS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}
AS_WRITTEN: Final = "what was written, cut to the width of the field"


@key("value")
def value(observed: Observed, wanted: Value) -> str:
    """Of the step's last operation; a truth stays a truth."""
    seen = observed.last.value
    if seen is None:
        return f"no value: {observed.seen}"
    if isinstance(seen, (LeafRead, MsrRead)):
        seen = seen.value
    if isinstance(seen, Fields):
        if wanted != AS_WRITTEN or seen.written < 0:
            raise Unsupported(f"value: {wanted}: of a read of every field")
        return difference(seen, seen.written)
    if isinstance(wanted, str) and (bound := BOUND.fullmatch(wanted)):
        return within(observed, seen, bound)
    if isinstance(wanted, bool) or isinstance(seen, bool):
        return "" if seen is wanted else spell(seen)
    return same_number(observed, seen, wanted)


def within(observed: Observed, seen: int, bound: re.Match[str]) -> str:
    """`<= -(1 << 32)`: compared as signed numbers of 64 bits."""
    value, limit = (signed(number) for number in (seen, observed.binding.number64(bound[2])))
    return "" if ORDERS[bound[1]](value, limit) else f"{value:#x}"


def signed(number: int) -> int:
    """64 bits in two's complement."""
    number &= MASK64
    return number - (1 << 64) if number >> 63 else number


@key("value_one_of")
def value_one_of(observed: Observed, wanted: Value) -> str:
    """Any of these is accepted."""
    wrong = [value(observed, one) for one in wanted]
    return "" if "" in wrong else wrong[0]
