"""Every row of the table of invalidations, by its number: a `yes` row kills the entry that it describes, a `may` row lets it live.

Two groups of `yes` rows judge nothing, and the test says so of each: rows about paging-structure caches, which the model
lacks, and rows of a confidence below "derived", which must not fail a build (invalidation.csv, "How to read").
"""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.tlbkey import GLOBAL, GUEST_PHYSICAL, LINEAR, NONE, TlbEntry, TlbKey
from kvmdbg.oracle.invalidation import TRUSTED, Operation, must_be_gone
from kvmdbg.oracle.invalidation_table import ROWS, Row

LA, GPA, ELSEWHERE = 0x40_1000, 0x80_1000, 0x70_0000
CURRENT, NAMED, OTHER = 5, 6, 9
BY_WORD = {"current": CURRENT, "operand": NAMED, "descriptor": NAMED, "vmcb": NAMED, "ecx": NAMED, "edx": NAMED,
           "zero": 0, "nonzero": CURRENT, "all": CURRENT, "other": OTHER, "n/a": NONE}


def tag(word: str) -> int:
    return BY_WORD[word.removeprefix("asid:")]


def described(row: Row) -> tuple[TlbKey, TlbEntry]:
    """An entry as the row describes it."""
    is_global = row.applies_to == "global"
    elsewhere = "other" in row.address_scope
    page = ELSEWHERE if elsewhere else GPA if row.mapping_kind == GUEST_PHYSICAL else LA
    vpid = NONE if row.mapping_kind == GUEST_PHYSICAL else tag(row.vpid_match)
    pcid = NONE if row.mapping_kind == GUEST_PHYSICAL else tag(row.pcid_match)
    ep4ta = NONE if row.mapping_kind == LINEAR else tag(row.ep4ta_match)
    key = TlbKey(row.mapping_kind, vpid, GLOBAL if is_global else pcid, ep4ta, page, 0x1000)
    return key, TlbEntry(0x9000, True, True, True, True, True, NONE, pcid, 0, span=0x1000)


def operation(row: Row) -> Operation:
    """The row's operation, executed under its condition."""
    return Operation(row.operation, (row.condition,), vpid=CURRENT, pcid=CURRENT, ep4ta=CURRENT, named_vpid=NAMED,
                     named_pcid=NAMED, named_ep4ta=NAMED, la=LA, gpa=GPA)


@pytest.mark.parametrize("row", ROWS, ids=[row.row_id for row in ROWS])
def test_row(row: Row) -> None:
    found = must_be_gone(operation(row), *described(row))
    if row.must_invalidate == "yes" and row.structure != "psc" and row.confidence in TRUSTED:
        assert found is not None and found.operation == row.operation
    else:
        assert found is None or found.must_invalidate == "yes" and found.row_id != row.row_id


def test_all_rows_are_here() -> None:
    assert len(ROWS) == len({row.row_id for row in ROWS}) == 284
