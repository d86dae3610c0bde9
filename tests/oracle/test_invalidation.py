"""What must be gone: the worked examples of architecture.md B are the golden vectors of the matcher."""

from __future__ import annotations

import pytest

from kvmdbg.errors import ModelBug
from kvmdbg.machine.hw.tlbkey import COMBINED, GLOBAL, GUEST_PHYSICAL, LINEAR, NONE, TlbEntry, TlbKey
from kvmdbg.oracle.invalidation import Operation, must_be_gone, rows_for, tag_fits

L, GPA, A, B = 0x40_1000, 0x80_1000, 7, 8
Cached = tuple[TlbKey, TlbEntry]


def cached(kind: str, vpid: int, pcid: int, ep4ta: int, is_global: bool, page: int = L) -> Cached:
    key = TlbKey(kind, vpid, GLOBAL if is_global else pcid, ep4ta, page, 0x1000)
    return key, TlbEntry(0x9000, True, True, True, True, True, NONE, pcid, 0, span=0x1000)


def c(vpid: int, pcid: int, ep4ta: int, g: int) -> Cached:
    return cached(COMBINED, vpid, pcid, ep4ta, bool(g))


def lin(vpid: int, pcid: int, g: int) -> Cached:
    return cached(LINEAR, vpid, pcid, NONE, bool(g))


def gp(ep4ta: int) -> Cached:
    return cached(GUEST_PHYSICAL, NONE, NONE, ep4ta, False, GPA)


def asid(number: int, g: int = 0) -> Cached:
    return cached(COMBINED, number, 0, NONE, bool(g))


def op(name: str, *conditions: str, **named: int) -> Operation:
    return Operation(name, conditions, vpid=5, pcid=3, ep4ta=A)._replace(**named)


VECTORS = {
    "1 MOV CR3": (op("MOV_CR3", "CR4.PCIDE=1; src[63]=0", named_pcid=3), (
        (c(5, 3, A, 0), 1), (c(5, 3, B, 0), 1), (c(5, 3, A, 1), 0), (c(5, 4, A, 0), 0), (c(6, 3, A, 0), 0), (gp(A), 0))),
    "2 MOV CR3 with bit 63": (op("MOV_CR3", "CR4.PCIDE=1; src[63]=1", named_pcid=3), ((c(5, 3, A, 0), 0),)),
    "3 INVLPG": (op("INVLPG", "operand canonical", la=L), (
        (c(5, 3, A, 0), 1), (c(5, 4, A, 1), 1), (c(5, 4, A, 0), 0), (lin(5, 3, 0), 1), (gp(A), 0))),
    "4 MOV CR4 toggling PGE": (op("MOV_CR4", "CR4.PGE toggled"), ((c(5, 9, B, 1), 1), (c(6, 3, A, 0), 0))),
    "5 INVVPID type 3": (op("INVVPID", "type 3", named_vpid=5), ((c(5, 9, B, 0), 1), (c(5, 3, A, 1), 0), (gp(A), 0))),
    "6 INVVPID type 2": (op("INVVPID", "type 2"), ((c(5, 3, A, 1), 1), (lin(0, 0, 0), 0))),
    "7 INVEPT type 1": (op("INVEPT", "type 1", named_ep4ta=A), (
        (c(5, 3, A, 1), 1), (c(0, 0, A, 0), 1), (lin(5, 3, 0), 0), (c(5, 3, B, 0), 0), (gp(A), 1))),
    "8 VM exit, VPID off": (op("VM_EXIT", "enable VPID=0"), (
        (lin(0, 7, 1), 1), (c(0, 3, B, 0), 1), (c(5, 3, A, 0), 0), (gp(A), 0))),
    "9 VM exit, VPID on": (op("VM_EXIT", "enable VPID=1"), ((lin(0, 0, 0), 0), (c(5, 3, A, 0), 0))),
    "10 VMFUNC": (op("VMFUNC_EPTP_SWITCH", "enable VPID=0", vpid=0), ((c(0, 3, A, 1), 1), (lin(0, 3, 0), 0), (gp(A), 0))),
    "11 EPT violation": (op("EPT_VIOLATION", "mapping that would translate", "faulting GPA was the translation", la=L, gpa=GPA), (
        (gp(A), 1), (c(5, 3, A, 1), 1), (c(5, 4, A, 0), 0), (c(6, 3, A, 0), 0))),
    "12 RSM": (op("RSM_DEFAULT", "default treatment"), ((c(6, 3, B, 1), 1), (gp(A), 0))),
    "13 VMRUN TLB_CONTROL=7": (op("AMD_VMRUN", "TLB_CONTROL=7", named_vpid=2), (
        (asid(2), 1), (asid(2, 1), 0), (asid(3), 0), (asid(0), 0))),
}


@pytest.mark.parametrize(("operation", "key", "entry", "gone"), [
    pytest.param(operation, *item, bool(gone), id=f"{name} {number}")
    for name, (operation, items) in VECTORS.items() for number, (item, gone) in enumerate(items)])
def test_golden_vectors(operation: Operation, key: TlbKey, entry: TlbEntry, gone: bool) -> None:
    assert (must_be_gone(operation, key, entry) is not None) is gone


def test_the_row_names_the_rule() -> None:
    row = must_be_gone(op("INVEPT", "type 1", named_ep4ta=A), *gp(A))
    assert row is not None and row.row_id == "I167" and "SDM" in row.source


def test_only_trusted_rows_about_translations_count() -> None:
    rows = rows_for(op("INVLPG", "operand canonical"))
    assert {row.structure for row in rows} == {"tlb", "psc"} and {row.confidence for row in rows} <= {"verified", "derived"}
    assert rows_for(op("INIT", "INIT")) == ()


def test_a_fragment_goes_with_its_page() -> None:
    key, entry = c(5, 3, A, 0)
    invlpg = op("INVLPG", "operand canonical", la=L + 0x5_0000)
    assert must_be_gone(invlpg, key, entry) is None
    assert must_be_gone(invlpg, key, entry._replace(span=0x20_0000)) is not None


def test_an_unknown_word_in_the_table_is_our_bug() -> None:
    with pytest.raises(ModelBug, match="'other'"):
        tag_fits("other", 1, 2, 3)
