"""How anything here registers: named declarations, one place each, in name order."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Generic, TypeVar

from kvmdbg.errors import ModelBug

T = TypeVar("T")


class Catalog(Generic[T]):
    """Named declarations of one kind (instructions, requests, commands, ...).

    A name declared twice fails at import: two files would otherwise fight over it silently.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}

    def add(self, name: str, entry: T) -> T:
        """Declare `entry` under `name`.  raises: ModelBug when the name is taken."""
        if name in self._entries:
            raise ModelBug(f"{self.kind} {name!r} is declared twice")
        self._entries[name] = entry
        return entry

    def __getitem__(self, name: str) -> T:
        return self._entries[name]

    def get(self, name: str) -> T | None:
        return self._entries.get(name)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[T]:
        """The declarations in name order, whatever order the files were imported in."""
        return (self._entries[name] for name in sorted(self._entries))

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._entries))

    def __len__(self) -> int:
        return len(self._entries)


def open_drawer(package: str) -> None:
    """Import every module of `package` (a dotted name) in name order, so that its declarations register."""
    path = importlib.import_module(package).__path__
    for name in sorted(module.name for module in pkgutil.iter_modules(path)):
        importlib.import_module(f"{package}.{name}")
