"""Every row of the table of invalidations, by its number: a `yes` row kills the entry that it describes, a `may` row lets it live.

A row about either shape is tried with a translation and with an entry of a paging-structure cache.  `yes` rows of a confidence
below "derived" judge nothing: they must not fail a build (invalidation.csv, "How to read").
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


def levels(row: Row) -> tuple[int, ...]:
    """0: a translation; 2: a PDE-cache entry.  Global are translations only."""
    return {"tlb": (0,), "psc": (2,)}.get(row.structure, (0,) if row.applies_to == "global" else (0, 2))


def described(row: Row, level: int) -> tuple[TlbKey, TlbEntry]:
    """An entry as the row describes it."""
    size = 0x20_0000 if level else 0x1000
    is_global = row.applies_to == "global"
    elsewhere = "other" in row.address_scope
    page = ELSEWHERE if elsewhere else GPA if row.mapping_kind == GUEST_PHYSICAL else LA
    vpid = NONE if row.mapping_kind == GUEST_PHYSICAL else tag(row.vpid_match)
    pcid = NONE if row.mapping_kind == GUEST_PHYSICAL else tag(row.pcid_match)
    ep4ta = NONE if row.mapping_kind == LINEAR else tag(row.ep4ta_match)
    key = TlbKey(row.mapping_kind, vpid, GLOBAL if is_global else pcid, ep4ta, page & -size, size, level)
    return key, TlbEntry(0x9000, True, True, True, True, True, NONE, pcid, 0, span=size)


def operation(row: Row) -> Operation:
    """The row's operation, executed under its condition."""
    return Operation(row.operation, (row.condition,), vpid=CURRENT, pcid=CURRENT, ep4ta=CURRENT, named_vpid=NAMED,
                     named_pcid=NAMED, named_ep4ta=NAMED, la=LA, gpa=GPA)


CASES = [(row, level) for row in ROWS for level in levels(row)]


@pytest.mark.parametrize(("row", "level"), CASES, ids=[f"{row.row_id}-{'table' if level else 'page'}" for row, level in CASES])
def test_row(row: Row, level: int) -> None:
    found = must_be_gone(operation(row), *described(row, level))
    if row.must_invalidate == "yes" and row.confidence in TRUSTED:
        assert found is not None and found.operation == row.operation
    else:
        assert found is None or found.must_invalidate == "yes" and found.row_id != row.row_id


def test_all_rows_are_here() -> None:
    assert len(ROWS) == len({row.row_id for row in ROWS}) == 284
