"""What a file of conformance cases says, as typed values. Reading gives these; nothing here runs anything.

The format is the one that cases gathered from other projects' suites come in, schema `kvmdbg-cases/1`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

SCHEMA: Final = "kvmdbg-cases/1"
BASES: Final = ("test", "implementation", "document")

Value = Any              # a YAML scalar: int, str, bool, float or None; a list or map where a key wants one


class Source(NamedTuple):
    """Where the facts of a case come from."""

    repo: str
    commit: str              # first 12 digits; "" where the source has none
    file: str
    function: str


class Matrix(NamedTuple):
    """Several instances of one case: one a row, times the product of the axes."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    axes: tuple[tuple[str, tuple[Value, ...]], ...]


NO_MATRIX: Final = Matrix("", (), (), ())


class Expectation(NamedTuple):
    """Facts about one step."""

    step: int                # 1-based
    on: str                  # "VMX" or "SVM": counts for that vendor only; "" for both
    facts: tuple[tuple[str, Value], ...]     # key -> wanted, in the file's order, `outcome` among them


class Case(NamedTuple):
    """One case: what holds before, what is done, what is compared."""

    file: str                # as it was named when read, for messages
    family: str
    id: str
    title: str
    source: Source
    basis: str               # one of BASES
    given: Mapping[str, Value]
    steps: tuple[str, ...]
    matrix: Matrix
    expect: tuple[Expectation, ...]
    note: str
