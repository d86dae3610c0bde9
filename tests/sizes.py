"""How much values keep in memory: a count of work that does not depend on the computer's load."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any


def bytes_kept(values: Iterable[Any]) -> int:
    """Bytes of all objects that can be reached from the values by tuples and slots, each counted once."""
    seen: dict[int, Any] = {}
    todo = list(values)
    while todo:
        value = todo.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value
        todo += value if isinstance(value, tuple) else [getattr(value, slot) for slot in getattr(type(value), "__slots__", ())]
    return sum(map(sys.getsizeof, seen.values()))
