"""Where the model's source asks its kernel a question (`kvm.era.has_vpid02()`): found in the source itself, not declared."""

from __future__ import annotations

import ast
import linecache
import sys
from typing import Final, NamedTuple

from kvmdbg.machine.eras.answers import questions

ASKING: Final = ("kvmdbg.machine.kvm", "kvmdbg.machine.boot", "kvmdbg.machine.actions")
_found: list[tuple[Asked, ...]] = []


class Asked(NamedTuple):
    """One call of a question in the model's source."""

    question: str
    function: str      # the function of the model that asks
    file: str
    line: int          # from 1 on


def asked() -> tuple[Asked, ...]:
    """Every question that the machine's code asks, by file and line."""
    if not _found:
        modules = [module for name, module in sorted(sys.modules.items()) if name.startswith(ASKING) and ".questions" not in name]
        files = dict.fromkeys(str(module.__file__) for module in modules if module.__file__)
        _found.append(tuple(one for file in files for one in asked_in(file, "".join(linecache.getlines(file)))))
    return _found[0]


def asked_in(file: str, source: str) -> list[Asked]:
    """The questions that one file asks, line by line."""
    known = frozenset(questions())
    found = [Asked(call.func.attr, function.name, file, call.lineno)
             for function in ast.walk(ast.parse(source)) if isinstance(function, ast.FunctionDef)
             for call in ast.walk(function)
             if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in known
             and named_era(call.func.value)]
    return sorted(set(found), key=lambda one: (one.line, one.question))


def named_era(owner: ast.expr) -> bool:
    """Is it `era` or `<something>.era` that is asked?"""
    return isinstance(owner, ast.Name) and owner.id == "era" or isinstance(owner, ast.Attribute) and owner.attr == "era"
