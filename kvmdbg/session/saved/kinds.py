"""Which classes of the machine can stand in a saved value, by name: the frozen records that state and events are made of."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from functools import cache
from typing import Any

from kvmdbg import machine
from kvmdbg.errors import ModelBug


@cache
def kinds() -> dict[str, Any]:
    """Name -> every NamedTuple class of kvmdbg.machine; a name that two classes share has its module in front (`run.Entry`).

    A new one is found without being listed anywhere.
    """
    for module in pkgutil.walk_packages(machine.__path__, f"{machine.__name__}."):
        importlib.import_module(module.name)
    classes = [value for name, module in sorted(sys.modules.items()) if name.startswith(f"{machine.__name__}.")
               for value in vars(module).values() if is_record(value) and value.__module__ == name]
    shared = [one.__name__ for one in classes]
    return {one.__name__ if shared.count(one.__name__) == 1 else f"{one.__module__.rpartition('.')[2]}.{one.__name__}": one
            for one in classes}


def is_record(value: Any) -> bool:
    """Is it a NamedTuple class?"""
    return isinstance(value, type) and issubclass(value, tuple) and hasattr(value, "_fields")


@cache
def name_of(kind: Any) -> str:
    """What `kinds` calls a class.  raises: ModelBug for one that it does not know."""
    found = next((name for name, one in kinds().items() if one is kind), None)
    if found is None:
        raise ModelBug(f"a value of {kind.__module__}.{kind.__qualname__} cannot be saved")
    return found
