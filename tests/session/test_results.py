"""Results as plain data."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest

from kvmdbg.session.grid import Grid
from kvmdbg.session.results import Listing, Many, Quit, Result, SourceLine, Stop, Text, Value, data, parts, plain


class Pair(NamedTuple):
    left: int
    right: tuple[str, ...]


RESULTS = (Text("hello"), Value("$1 = 5", 5, 1), Listing("a.py", "f", (SourceLine(1, "x", "=>"),)), Stop(3, "step", "#3"),
           Quit(2), Grid("t", (), ()), None)


@pytest.mark.parametrize("result", RESULTS, ids=lambda one: type(one).__name__)
def test_every_result_becomes_json(result: Result) -> None:
    assert json.loads(json.dumps(data(result)))["kind"]


def test_parts_are_flat_and_in_order() -> None:
    assert parts(Many((Text("a"), Many((Text("b"), None)), Quit(0)))) == (Text("a"), Text("b"), Quit(0))
    assert parts(None) == ()


def test_plain_values() -> None:
    assert plain(Pair(1, ("a",))) == {"left": 1, "right": ["a"]}
    assert plain({1: None}) == {"1": None}
    assert plain(object).startswith("<class")
