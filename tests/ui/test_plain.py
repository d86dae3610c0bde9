"""Results as text and as JSON lines."""

from __future__ import annotations

import json

from kvmdbg.session.grid import Grid, Row, columns
from kvmdbg.session.results import Listing, Many, Quit, SourceLine, Stop, Text, Value
from kvmdbg.ui.plain import SCHEMA, fitting, grid_lines, json_line, json_lines, text_of

TLB = Grid("TLB of cpu0", columns("vpid>", "gva", "hpa/2", "kind/1"),
           (Row(("1", "401000", "1f012000", "combined")), Row(("12", "7000", "1f013000", "combined"), mark="-")))


def test_a_grid_is_aligned_and_marks_have_their_own_column() -> None:
    assert grid_lines(TLB) == [
        "TLB of cpu0",
        "   vpid  gva     hpa       kind",
        "      1  401000  1f012000  combined",
        "-    12  7000    1f013000  combined",
    ]


def test_a_narrow_screen_drops_the_least_important_columns_first() -> None:
    assert [fitting(TLB, width) for width in (0, 36, 34, 20, 5)] == [[0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 3], [0, 1], [0, 1]]
    assert grid_lines(TLB, 20)[1:] == ["   vpid  gva", "      1  401000", "-    12  7000"]


def test_a_grid_without_rows_says_its_note() -> None:
    assert grid_lines(Grid("Breakpoints", columns("Num"), (), "No breakpoints.")) == ["Breakpoints", "No breakpoints."]
    assert grid_lines(Grid("", columns("Num"), ())) == []


def test_a_note_follows_the_rows() -> None:
    assert grid_lines(Grid("", columns("a"), (Row(("1",)),), "one row"))[-1] == "one row"


def test_a_stop_says_why_where_and_its_displays() -> None:
    stop = Stop(7, "breakpoint", "Breakpoint 1, flush", 1, "vmx.c: vpid_sync_context()", (Value("1: level = 2", 2),))
    assert text_of(stop) == "Breakpoint 1, flush\nvmx.c: vpid_sync_context()\n1: level = 2"


def test_a_place_that_the_stop_names_already_is_not_said_twice() -> None:
    assert text_of(Stop(7, "step", "#7 run.py:12", None, "run.py:12")) == "#7 run.py:12"


def test_a_listing_marks_the_line_about_to_run() -> None:
    listing = Listing("run.py", "vmenter", (SourceLine(9, "a = 1"), SourceLine(10, "    b = 2", "=>")))
    assert text_of(listing) == "    9  a = 1\n=> 10      b = 2"


def test_many_are_printed_in_order_and_quit_says_nothing() -> None:
    assert text_of(Many((Text("one"), Many((Text("two"), Quit(3)))))) == "one\ntwo"
    assert text_of(None) == ""


def test_each_json_line_names_its_schema_and_kind_first() -> None:
    line = json_line("value", text="$1 = 5")
    assert list(json.loads(line)) == ["schema", "kind", "text"]
    assert json.loads(line)["schema"] == SCHEMA == "kvmdbg/1"


def test_json_of_a_grid_has_an_object_a_row_with_its_mark() -> None:
    (line,) = json_lines(TLB, command="info tlb", line=3)
    data = json.loads(line)
    assert (data["kind"], data["command"], data["line"]) == ("grid", "info tlb", 3)
    assert data["rows"][1] == {"vpid": "12", "gva": "7000", "hpa": "1f013000", "kind": "combined", "mark": "-"}


def test_json_of_many_is_one_line_each() -> None:
    assert [json.loads(line)["kind"] for line in json_lines(Many((Text("a"), Value("$1 = 2", 2, 1))))] == ["text", "value"]
    assert json_lines(None) == []
