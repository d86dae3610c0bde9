"""Debug status in words: `BS|B1`, `BS, B3 and B1 set`, as a number."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.binding import DEBUG_BITS, Binding
from kvmdbg.session.cases.model import Value

FILLERS: Final = re.compile(r"\b(?:set|with|the|bits?|none|as after reset)\b")
BETWEEN: Final = re.compile(r"[,+]|\b(?:and|plus)\b")


def debug_bits(binding: Binding, wanted: Value) -> int:
    """A number, an expression, or names of bits in a sentence.  raises: Unsupported for other words."""
    if isinstance(wanted, int):
        return wanted
    numbered = re.sub(r"\bbit ?(\d+)", lambda match: hex(1 << int(match[1])), str(wanted))
    text = FILLERS.sub("", re.sub(r"active[ -]low", "ACTIVE_LOW", numbered))
    value = 0
    for part in filter(None, (part.strip() for part in BETWEEN.split(text))):
        if re.fullmatch(r"[A-Z]\w*", part) and part not in DEBUG_BITS:
            raise Unsupported(f"{wanted}: {part}: no bit of the debug status")
        value |= binding.number64(part)
    return value
