"""Instances of a case: rows times axes, with `$name` replaced by the instance's value.

An instance is what is counted. A value `a..b` in a row stays one instance: it stands for every integer from a to b,
all with the same outcome, so the instance is run once for each (its variants) and holds when all of them do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from math import prod
from typing import Any, Final, NamedTuple

from kvmdbg.session.cases.model import Case, Expectation, Value
from kvmdbg.session.cases.reader import RANGE, REFERENCE, texts

ONE_BIT: Final = re.compile(r"(\w+: )?one bit (?:below (?P<end>.+)|from (?P<first>.+) to (?P<last>.+))$")
BIT_FROM: Final = re.compile(r"((?!one )\w+) bit from (.+) to (.+)$")
ANY_PDPTE: Final = re.compile(r"any PDPTE[:,]? (.+)$")
AS_ABOVE: Final = "the same with "
ANY_ABOVE: Final = "any of the above"
ANY_OF: Final = "any of "
SELECTOR: Final = {"RPL or TI not 0": range(1, 8), "RPL not 0": range(1, 4), "TI not 0": (4,)}    # bits 1:0 and bit 2
ANY: Final = "any"                         # as a value: the source does not care
FAILURE_ONLY: Final = "failure only"       # under `asserted`: the error number next to it is not compared
MAX_VARIANTS: Final = 4096                 # more of them are a slip of the file, not a case


class Instance(NamedTuple):
    """One instance of a case."""

    case: Case
    number: int                            # 1-based, in the order of the rows, axes inside
    values: tuple[tuple[str, Value], ...]  # column or axis -> value

    @property
    def row(self) -> int:
        """Number of its row in the file, 1-based; 1 where there are none."""
        axes = prod(len(values) for _, values in self.case.matrix.axes)
        return (self.number - 1) // max(axes, 1) + 1

    @property
    def label(self) -> str:
        """`name=value` of what tells this instance from its siblings."""
        return " ".join(f"{name}={spell(value)}" for name, value in self.values)


def instances(case: Case) -> tuple[Instance, ...]:
    """Every instance of `case`; one where it has no matrix."""
    matrix = case.matrix
    rows = [tuple(zip(matrix.columns, row, strict=True)) for row in spelled_out(matrix.rows)] or [()]
    axes = [tuple((name, value) for value in values) for name, values in matrix.axes]
    combined = [(*row, *picked) for row in rows for picked in product(*axes)]
    return tuple(Instance(case, number, values) for number, values in enumerate(combined, 1))


def spelled_out(rows: tuple[tuple[Value, ...], ...]) -> list[tuple[Value, ...]]:
    """`the same with X` is what stands in the row above, with X besides."""
    result: list[tuple[Value, ...]] = []
    for row in rows:
        above = result[-1] if result else row
        result.append(tuple(f"{old}, {new.removeprefix(AS_ABOVE)}" if isinstance(new, str) and new.startswith(AS_ABOVE) else new
                            for old, new in zip(above, row, strict=True)))
    return result


def variants(instance: Instance, number: Callable[[str], int]) -> Iterator[dict[str, Value]]:
    """The instance's values with every `a..b` replaced by one integer at a time.

    number: the value of a bound of a range, `3` or `MAXPHYADDR`. raises: what `number` raises.
    """
    choices = [[(name, one) for each in _any_of(instance, name, value) for one in _spread(each, number)]
               for name, value in instance.values]
    for picked in product(*choices):
        yield dict(picked)


def _any_of(instance: Instance, name: str, value: Value) -> list[Value]:
    """The values that a row means one after the other: `any of the above` in its column, `any of CS SS TR`, or itself alone.

    `any of CS SS` beside rows of HOST_SEL_... alone is short for HOST_SEL_CS and HOST_SEL_SS.
    """
    if not isinstance(value, str) or not value.startswith(ANY_OF) or name not in instance.case.matrix.columns:
        return [value]
    column = instance.case.matrix.columns.index(name)
    others = [row[column] for row in instance.case.matrix.rows if row[column] != value]
    if value == ANY_ABOVE:
        return list(dict.fromkeys(others))
    words = re.split(r"[,\s]+", value.removeprefix(ANY_OF).strip())
    prefixes = {other.rpartition("_")[0] for other in others if isinstance(other, str) and other.isupper()}
    prefix = f"{prefixes.pop()}_" if len(prefixes) == 1 and not any("_" in word for word in words) else ""
    return [prefix + word for word in words]


def _spread(value: Value, number: Callable[[str], int]) -> list[Value]:
    """Every integer of `a..b`, every single bit of `one bit from a to b` or `FIELD: one bit below b`; any other value alone."""
    if not isinstance(value, str):
        return [value]
    if value in SELECTOR:
        return [f"old value | {bits}" for bits in SELECTOR[value]]
    if (match := ANY_PDPTE.match(value)) is not None:
        return [f"PDPTE {which} {match[1]}" for which in range(4)]
    if bits := BIT_FROM.match(value):
        return [f"{bits[1]} bit {bit}" for bit in range(number(bits[2]), min(number(bits[3]), 63) + 1)]
    if bits := ONE_BIT.match(value):
        first, last = (0, number(bits["end"]) - 1) if bits["end"] else (number(bits["first"]), number(bits["last"]))
        return [f"{bits[1]}{1 << bit:#x}" if bits[1] else 1 << bit for bit in range(first, min(last, 63) + 1)]
    match = RANGE.match(value)
    if match is None:
        return [value]
    first, last = (number(end) for end in match.groups())
    return list(range(first, min(last, first + MAX_VARIANTS) + 1))


def substitute(value: Any, values: Mapping[str, Value]) -> Any:
    """`value` with every `$name` replaced; text that is nothing but `$name` becomes the value itself, type and all."""
    if isinstance(value, list):
        return [substitute(item, values) for item in value]
    if isinstance(value, dict):
        return {key: substitute(item, values) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    if whole:
        return values[whole[1]]
    return REFERENCE.sub(lambda match: spell(values[match[1]]), value)


def step_text(step: str, values: Mapping[str, Value]) -> str:
    """`step` with every `$name` replaced; a value of several words that an operand takes (`gpa=$target`) gets <>."""
    def one(match: re.Match[str]) -> str:
        text = spell(values[match[2]])
        return match[1] + (f"<{text}>" if match[1] and re.search(r"\s", text) else text)

    return re.sub(r"(=?)" + REFERENCE.pattern, one, step)


def facts_of(expectation: Expectation, values: Mapping[str, Value]) -> tuple[tuple[str, Value], ...]:
    """The facts of one expectation for an instance; what is `null` or not asserted there is left out."""
    left_out = {"error"} if values.get("asserted") == FAILURE_ONLY else set()
    facts = ((key, substitute(wanted, values)) for key, wanted in expectation.facts)
    return tuple((key, wanted) for key, wanted in facts if wanted is not None and key not in left_out)


def extra_state(instance: Instance) -> dict[str, Value]:
    """The columns that no text refers to: state of that row, with the meaning that the name has in `given`."""
    case = instance.case
    used = {name for text in texts([case.title, *case.steps, *(v for e in case.expect for _, v in e.facts)])
            for name in REFERENCE.findall(text)}
    return {name: value for name, value in instance.values if name not in used and name != "asserted"}


def spell(value: Value) -> str:
    """A value as the files write it: numbers from ten on in hex."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int):
        return hex(value) if value > 9 else str(value)
    return str(value)
