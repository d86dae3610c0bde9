"""`refilled`, `kept`: pages that were walked again since A and D were cleared, and pages still served from the TLB."""

from __future__ import annotations

from collections.abc import Callable

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.fact import Observed, key
from kvmdbg.session.cases.model import Value


@key("refilled")
def refilled(observed: Observed, wanted: Value) -> str:
    """The walk has set a flag of each of these pages."""
    return _wrong(observed, wanted, lambda flags: flags != 0)


@key("kept")
def kept(observed: Observed, wanted: Value) -> str:
    """The flags of each of these pages are as they were cleared."""
    return _wrong(observed, wanted, lambda flags: flags == 0)


def _wrong(observed: Observed, wanted: Value, holds: Callable[[int], bool]) -> str:
    seen = observed.last.value
    if not isinstance(seen, dict):
        return "the step reads no A/D flags"
    unread = [page for page in wanted if page not in seen]
    if unread:
        raise Unsupported(f"refilled, kept: {unread[0]}: the step does not read its flags")
    return ", ".join(f"{page:#x} has flags {seen[page]:#x}" for page in wanted if not holds(seen[page]))
