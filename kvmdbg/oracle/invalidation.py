"""Which cached translations an operation must have removed, by the table of rules ("How to read invalidation.csv").

A translation must be gone when some `yes` row fits its kind, tags, shape, page and globality, unless it is global and that
row exempts global entries.  `may` rows permit survival; a `yes` row beats them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.errors import ModelBug
from kvmdbg.machine.hw.tlbkey import GLOBAL, GUEST_PHYSICAL, LINEAR, TlbEntry, TlbKey
from kvmdbg.oracle.invalidation_table import ROWS, Row

TRUSTED: Final = ("verified", "derived")
NOWHERE: Final = -1


class Operation(NamedTuple):
    """One operation with what its rows call `current`, `operand`, `descriptor`; NOWHERE (-1) where it has none."""

    name: str                        # as in the table: "MOV_CR3", "INVVPID", ...
    conditions: tuple[str, ...]      # beginnings of the conditions that hold
    vpid: int = NOWHERE              # current, at execution; AMD: the current ASID
    pcid: int = NOWHERE
    ep4ta: int = NOWHERE
    named_vpid: int = NOWHERE        # of the descriptor; AMD: the ASID of the VMCB or the operand
    named_pcid: int = NOWHERE        # of the descriptor or the source operand
    named_ep4ta: int = NOWHERE
    la: int = NOWHERE                # linear address that it is about
    gpa: int = NOWHERE


def rows_for(operation: Operation) -> tuple[Row, ...]:
    """The `yes` rows that are about the operation under its conditions and that a test may rely on."""
    return tuple(row for row in _YES.get(operation.name, ()) if row.condition.startswith(operation.conditions))


def must_be_gone(operation: Operation, key: TlbKey, entry: TlbEntry) -> Row | None:
    """A row that says that the translation cannot be cached after the operation; None when it may survive."""
    return next((row for row in rows_for(operation) if fits(row, operation, key, entry)), None)


def fits(row: Row, operation: Operation, key: TlbKey, entry: TlbEntry) -> bool:
    """Does a `yes` row speak of this translation?"""
    is_global = key.pcid == GLOBAL
    if key.kind != row.mapping_kind or (is_global and row.global_survives == "may"):
        return False
    if row.structure == ("tlb" if key.table_level else "psc"):
        return False
    if row.applies_to != "any" and (row.applies_to == "global") != is_global:
        return False
    return (tag_fits(row.vpid_match, key.vpid, operation.vpid, operation.named_vpid)
            and tag_fits(row.pcid_match, entry.pcid, operation.pcid, operation.named_pcid)
            and (key.kind == LINEAR or tag_fits(row.ep4ta_match, key.ep4ta, operation.ep4ta, operation.named_ep4ta))
            and address_fits(row.address_scope, operation, key, entry))


def tag_fits(match: str, value: int, current: int, named: int) -> bool:
    """Is a tag what the row asks for?  raises: ModelBug for a word that the table should not have in a `yes` row."""
    match match.removeprefix("asid:"):
        case "all" | "n/a":
            return True
        case "zero":
            return value == 0
        case "nonzero":
            return value != 0
        case "current":
            return value == current
        case "operand" | "descriptor" | "vmcb" | "ecx" | "edx":
            return value == named
    raise ModelBug(f"a `yes` row of the invalidation table says {match!r}")


def address_fits(scope: str, operation: Operation, key: TlbKey, entry: TlbEntry) -> bool:
    """Is the translation for the operation's address? A fragment counts as the page that it is part of (A.4).

    Of a paging-structure cache: does the entry lie on the path to that address?
    """
    if scope == "all":
        return True
    address = operation.gpa if key.kind == GUEST_PHYSICAL else operation.la
    span = max(entry.span, key.size)
    return address != NOWHERE and address & -span == key.page & -span


def _yes_rows() -> dict[str, tuple[Row, ...]]:
    found: dict[str, list[Row]] = {}
    for row in ROWS:
        if row.must_invalidate == "yes" and row.confidence in TRUSTED:
            found.setdefault(row.operation, []).append(row)
    return {name: tuple(rows) for name, rows in found.items()}


_YES: Final = _yes_rows()
