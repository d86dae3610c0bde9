"""The table of the oracle is the table of the specification."""

from __future__ import annotations

import csv

from kvmdbg.oracle.invalidation_table import ROWS, Row
from support import shared_path


def test_it_says_what_the_specification_says() -> None:
    with open(shared_path() / "spec" / "invalidation.csv", newline="", encoding="utf-8") as file:
        expected = [Row(**{field: row[field] for field in Row._fields}) for row in csv.DictReader(file)]
    assert list(ROWS) == expected and len(ROWS) == 284
