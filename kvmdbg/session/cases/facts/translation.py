"""`translation`: does an access use the mapping that the tables name now (`fresh`), or the one before (`stale`)?"""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.fact import Observed, key
from kvmdbg.session.cases.model import Value

PAGE: Final = 0xFFF
WORDS: Final = ("fresh", "stale", "either")


@key("translation")
def translation(observed: Observed, wanted: Value) -> str:
    """Compares the frame that the access reached with what the walk of the tables gives now, and gave before."""
    if wanted not in WORDS:
        raise Unsupported(f"translation: {wanted}")
    if not observed.seen.accesses:
        return f"no access: {observed.seen}"
    access = observed.seen.accesses[-1]
    frame, page = access.pa & ~PAGE, access.la & ~PAGE
    seen = [word for word, frames in (("fresh", observed.fresh), ("stale", observed.before)) if frames.get(page) == frame]
    if wanted in seen or (wanted == "either" and seen):
        return ""
    return seen[0] if seen else f"frame {frame:#x}, which no table names"
