"""Reads a file of cases and says what is wrong with it: every key of the format is checked before anything runs.

An error reads `FILE: CASE: what is wrong`, one line. A word that the runner does not know inside a step or an
expectation is no error of the file: the instance becomes `unsupported: WORD` when it is run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

import yaml

from kvmdbg.errors import UserError
from kvmdbg.session.cases import yaml_core
from kvmdbg.session.cases.model import BASES, NO_MATRIX, SCHEMA, Case, Expectation, Matrix, Source, Value

REFERENCE: Final = re.compile(r"\$([A-Za-z_]\w*)")       # `$name`: the column or axis of that name
RANGE: Final = re.compile(r"^\s*(\w+)\s*\.\.\s*(\w+)\s*$")    # `a..b`: every integer from a to b
VENDORS: Final = ("", "VMX", "SVM")

_FILE_KEYS: Final = {"schema": True, "family": True, "set": False, "cases": True}          # key -> must be there
_CASE_KEYS: Final = {"id": True, "title": True, "source": True, "basis": True, "given": True, "steps": True,
                     "matrix": False, "expect": True, "note": False}
_SOURCE_KEYS: Final = {"repo": True, "commit": False, "file": True, "function": True}
_MATRIX_KEYS: Final = {"name": False, "columns": False, "rows": False, "axes": False}


def read_file(path: str) -> tuple[Case, ...]:
    """The cases of the file at `path`. raises: UserError when it cannot be read or is malformed."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8 text") from None
    return read_text(path, text)


def read_text(file: str, text: str) -> tuple[Case, ...]:
    """The cases of `text`; `file` is its name in messages. raises: UserError when it is malformed."""
    try:
        document = yaml_core.load(text)
    except yaml.MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UserError(f"{file}:{line} not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{file}: not YAML: {str(error).splitlines()[0]}") from None
    return _Reader(file).document(document)


class _Reader:
    """Walks one document; `place` is the part of it that a complaint names."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.place = "the file"
        self.family = ""

    def wrong(self, what: str) -> NoReturn:
        raise UserError(f"{self.file}: {self.place}: {what}")

    # -- pieces -------------------------------------------------------------------------------------------------

    def mapping(self, value: Any, what: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.wrong(f"{what} must be a map, not {_kind(value)}")
        for key in value:
            if not isinstance(key, str):
                self.wrong(f"{what}: key {key!r} is not a word")
        return value

    def sequence(self, value: Any, what: str) -> list[Any]:
        if not isinstance(value, list):
            self.wrong(f"{what} must be a list, not {_kind(value)}")
        return value

    def text(self, value: Any, what: str) -> str:
        if not isinstance(value, str) or not value.strip():
            self.wrong(f"{what} must be text, not {_kind(value)}")
        return value

    def keys(self, value: dict[str, Any], known: Mapping[str, bool], what: str) -> None:
        for key in value:
            if key not in known:
                self.wrong(f"{what} has no key {key!r}; it has {', '.join(known)}")
        for key, needed in known.items():
            if needed and key not in value:
                self.wrong(f"{what} lacks the key {key!r}")

    # -- the file -----------------------------------------------------------------------------------------------

    def document(self, document: Any) -> tuple[Case, ...]:
        top = self.mapping(document, "a file of cases")
        schema = top.get("schema")
        if schema != SCHEMA:
            self.wrong(f"schema is {schema!r}; this reader knows {SCHEMA}")
        self.keys(top, _FILE_KEYS, "a file of cases")
        self.family = self.text(top["family"], "family")
        cases = [self.case(number, case) for number, case in enumerate(self.sequence(top["cases"], "cases"), 1)]
        taken: set[str] = set()
        for case in cases:
            if case.id in taken:
                self.place = case.id
                self.wrong("two cases have this id")
            taken.add(case.id)
        return tuple(cases)

    def case(self, number: int, value: Any) -> Case:
        self.place = f"case {number}"
        case = self.mapping(value, "a case")
        if isinstance(case.get("id"), str):
            self.place = case["id"]
        self.keys(case, _CASE_KEYS, "a case")
        basis = self.text(case["basis"], "basis")
        if basis not in BASES:
            self.wrong(f"basis is {basis!r}; it is one of {', '.join(BASES)}")
        steps = tuple(self.text(step, f"step {n}") for n, step in enumerate(self.sequence(case["steps"], "steps"), 1))
        if not steps:
            self.wrong("steps is empty")
        expect = tuple(self.expectation(fact, len(steps)) for fact in self.sequence(case["expect"], "expect"))
        read = Case(self.file, self.family, self.text(case["id"], "id"), self.text(case["title"], "title"),
                    self.source(case["source"]), basis, self.mapping(case["given"], "given"), steps,
                    self.matrix(case["matrix"]) if "matrix" in case else NO_MATRIX, expect, str(case.get("note", "")))
        self.references(read)
        return read

    def source(self, value: Any) -> Source:
        source = self.mapping(value, "source")
        self.keys(source, _SOURCE_KEYS, "source")
        return Source(*(str(source.get(key, "")) for key in _SOURCE_KEYS))

    def expectation(self, value: Any, steps: int) -> Expectation:
        facts = self.mapping(value, "an entry of expect")
        step = facts.get("step")
        if not isinstance(step, int) or isinstance(step, bool) or not 1 <= step <= steps:
            self.wrong(f"an entry of expect names step {step!r}; the steps are 1 to {steps}")
        vendor = facts.get("on", "")
        if vendor not in VENDORS:
            self.wrong(f"an entry of expect counts on {vendor!r}; it is VMX or SVM")
        rest = tuple((key, wanted) for key, wanted in facts.items() if key not in ("step", "on"))
        if not rest:
            self.wrong(f"an entry of expect for step {step} says nothing")
        return Expectation(step, vendor, rest)

    def matrix(self, value: Any) -> Matrix:
        matrix = self.mapping(value, "matrix")
        self.keys(matrix, _MATRIX_KEYS, "matrix")
        columns = tuple(self.text(name, "a column's name") for name in self.sequence(matrix.get("columns", []), "columns"))
        listed = self.sequence(matrix.get("rows", []), "rows")
        rows = tuple(tuple(self.sequence(row, f"row {number}")) for number, row in enumerate(listed, 1))
        for number, row in enumerate(rows, 1):
            if len(row) != len(columns):
                self.wrong(f"row {number} of the matrix has {len(row)} values for {len(columns)} columns")
        axes = tuple((name, self.axis(name, values)) for name, values in self.mapping(matrix.get("axes", {}), "axes").items())
        names = [*columns, *(name for name, _ in axes)]
        for name in names:
            if names.count(name) > 1:
                self.wrong(f"the matrix names {name!r} twice")
        if columns and not rows or not columns and not axes:
            self.wrong("the matrix gives no instance")
        return Matrix(str(matrix.get("name", "")), columns, rows, axes)

    def axis(self, name: str, values: Any) -> tuple[Value, ...]:
        """An axis is a list, or `a..b` with numbers."""
        if isinstance(values, str) and (match := RANGE.match(values)):
            try:
                first, last = (int(end, 0) for end in match.groups())
            except ValueError:
                self.wrong(f"axis {name!r}: {values!r} is no range of numbers")
            if first > last:
                self.wrong(f"axis {name!r}: {values!r} is empty")
            return tuple(range(first, last + 1))
        values = self.sequence(values, f"axis {name!r}")
        if not values:
            self.wrong(f"axis {name!r} is empty")
        return tuple(values)

    def references(self, case: Case) -> None:
        """Every `$name` must name a column or an axis."""
        names = {*case.matrix.columns, *(name for name, _ in case.matrix.axes)}
        for used in _references([case.title, *case.steps, *(value for fact in case.expect for _, value in fact.facts)]):
            if used not in names:
                self.wrong(f"${used} names no column or axis of the matrix")


def _references(values: list[Any]) -> list[str]:
    """The names behind every `$` in `values`, however deep."""
    return [name for text in texts(values) for name in REFERENCE.findall(text)]


def texts(value: Any) -> list[str]:
    """Every piece of text in a value, however deep, map values included."""
    inside: dict[type, Callable[[Any], list[Any]]] = {list: list, dict: lambda m: [*m.values()]}
    if isinstance(value, str):
        return [value]
    return [text for item in inside.get(type(value), lambda _: [])(value) for text in texts(item)]


def _kind(value: Any) -> str:
    """What a YAML value is, in words."""
    if value is None or value == "":
        return "nothing" if value is None else "empty text"
    names = {dict: "a map", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)
