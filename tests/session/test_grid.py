"""Tables as data."""

from __future__ import annotations

import pytest

from kvmdbg.session.grid import Column, Grid, Row, columns

GRID = Grid("TLB", columns("tag", "page>", "hpa>/2"), (Row(("1", "400000", "5000"), "+"), Row(("2", "-", "-"))), "two")


def test_columns_in_short() -> None:
    assert GRID.columns == (Column("tag"), Column("page", ">"), Column("hpa", ">", 2))


def test_a_column_by_name() -> None:
    assert GRID.column("page") == ("400000", "-")
    with pytest.raises(ValueError):
        GRID.column("gpa")


def test_as_data_has_marks_and_notes_only_where_there_are_any() -> None:
    assert GRID.as_data() == {
        "kind": "grid", "title": "TLB", "columns": ["tag", "page", "hpa"], "note": "two",
        "rows": [{"tag": "1", "page": "400000", "hpa": "5000", "mark": "+"}, {"tag": "2", "page": "-", "hpa": "-"}]}
