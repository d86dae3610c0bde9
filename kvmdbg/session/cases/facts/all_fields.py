"""`values`: every field that the step has read holds what was written to all of them with this cookie."""

from __future__ import annotations

from kvmdbg.session.cases.all_fields import Fields, difference
from kvmdbg.session.cases.fact import Observed, key
from kvmdbg.session.cases.model import Value


@key("values")
def values(observed: Observed, wanted: Value) -> str:
    """A number, or a word that stands for one."""
    seen = observed.last.value
    if not isinstance(seen, Fields):
        return f"the step does not read every field: {observed.seen}"
    return difference(seen, wanted if isinstance(wanted, int) else observed.binding.number(str(wanted)))
