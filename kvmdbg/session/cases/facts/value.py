"""`value`, `value_one_of`: the result of a read."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.all_fields import Fields, difference
from kvmdbg.session.cases.fact import Observed, key, same_number
from kvmdbg.session.cases.matrix import spell
from kvmdbg.session.cases.model import Value

AS_WRITTEN: Final = "what was written, cut to the width of the field"


@key("value")
def value(observed: Observed, wanted: Value) -> str:
    """Of the step's last operation; a truth stays a truth."""
    seen = observed.last.value
    if seen is None:
        return f"no value: {observed.seen}"
    if isinstance(seen, Fields):
        if wanted != AS_WRITTEN or seen.written < 0:
            raise Unsupported(f"value: {wanted}: of a read of every field")
        return difference(seen, seen.written)
    if isinstance(wanted, bool) or isinstance(seen, bool):
        return "" if seen is wanted else spell(seen)
    return same_number(observed, seen, wanted)


@key("value_one_of")
def value_one_of(observed: Observed, wanted: Value) -> str:
    """Any of these is accepted."""
    wrong = [value(observed, one) for one in wanted]
    return "" if "" in wrong else wrong[0]
