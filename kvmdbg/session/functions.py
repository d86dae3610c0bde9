"""The model's functions by name: kernel functions and the manuals' operations, as `break`, `list` and `backtrace` know them."""

from __future__ import annotations

import inspect
import linecache
import re
import sys
from collections.abc import Mapping
from pathlib import PurePath
from types import CodeType, FunctionType, MappingProxyType
from typing import Final

from kvmdbg.errors import UserError
from kvmdbg.session.parse import did_you_mean
from kvmdbg.session.results import Listing, SourceLine

MACHINE: Final = "kvmdbg.machine"
_known: dict[str, tuple[CodeType, ...]] = {}
_modules_seen: list[int] = [0]


def functions() -> dict[str, tuple[CodeType, ...]]:
    """Every function and method of the machine's modules by name; several where modules share a name."""
    names = [name for name in sys.modules if name.startswith(MACHINE)]
    if len(names) != _modules_seen[0]:
        _modules_seen[0] = len(names)
        _known.clear()
        _known.update(_gather(names))
    return _known


def _gather(modules: list[str]) -> dict[str, tuple[CodeType, ...]]:
    found: dict[str, tuple[CodeType, ...]] = {}
    for module in sorted(modules):
        for owner in (sys.modules[module], *(v for v in vars(sys.modules[module]).values() if isinstance(v, type))):
            for function in vars(owner).values():
                if isinstance(function, FunctionType) and function.__module__ == module and function.__code__.co_name[0] != "<":
                    code = function.__code__
                    if code not in found.get(code.co_name, ()):
                        found[code.co_name] = (*found.get(code.co_name, ()), code)
    return found


def spoken_names() -> frozenset[str]:
    """Names of kernel functions that the model's code says in its events, whether or not a function of the model is called so."""
    return frozenset(constant for codes in functions().values() for code in codes for constant in code.co_consts
                     if isinstance(constant, str) and re.fullmatch(r"[A-Za-z_]\w+", constant))


def named(name: str) -> tuple[CodeType, ...]:
    """The functions of that name.  raises: UserError when the model has none, or it does not run code of its own."""
    found = functions().get(name)
    if found is None:
        raise UserError(f'Function "{name}" not defined in the model.', did_you_mean(name, functions()))
    return found


def short(file: str) -> str:
    """The last part of a file's path, as stops and backtraces show it."""
    return PurePath(file).name


def excerpt(file: str, function: str, first: int, count: int, marks: dict[int, str],
            notes: Mapping[int, str] = MappingProxyType({})) -> Listing:
    """Lines `first` .. of a file of the model.  marks: line number -> "=>", ">" or "B".  notes: what is said of a line."""
    lines = linecache.getlines(file)
    last = min(first + count - 1, len(lines))
    return Listing(file, function, tuple(SourceLine(number, lines[number - 1].rstrip("\n"), marks.get(number, ""),
                                                    notes.get(number, ""))
                                         for number in range(max(first, 1), last + 1)))


def whole(code: CodeType) -> tuple[int, int]:
    """First line and number of lines of a function in its file."""
    lines, first = inspect.getsourcelines(code)
    return max(first, 1), len(lines)


def length(file: str) -> int:
    """How many lines a file of the model has."""
    return len(linecache.getlines(file))
