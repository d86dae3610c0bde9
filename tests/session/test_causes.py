"""What `why` finds for what a person names."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session import causes
from kvmdbg.session.grid import DIFFERS
from session.reruns import FIRST, SECOND, TABLES, two_spaces
from session_support import say, session


def test_translations_are_named_by_row_page_and_filter() -> None:
    s = two_spaces()
    by_page = causes.translations(s, "L2 0x800000")
    assert by_page is not None and len(by_page) == 1
    assert causes.translations(s, "tlb[kind=='combined' and page==0x800000]") == by_page
    rows = [row.key[1] for row in s.execute("info tlb").rows]      # type: ignore[union-attr]
    row = rows.index(by_page[0].key) + 1
    assert causes.translations(s, f"tlb {row}") == causes.translations(s, f"{row}") == by_page
    assert causes.translations(s, "ept12 0x70000") != by_page
    assert causes.translations(s, "TLB_FLUSH") is None
    for wrong in ("tlb 99", "L1 0x800000", "L2 0x123000", "tlb[vpid==77]", "tlb[vpid==2].count"):
        with pytest.raises(UserError):
            causes.translations(s, wrong)


def test_a_page_of_a_guest_whose_tables_are_shadowed() -> None:
    """Without EPT its translations are linear mappings."""
    s = session("machine enable_ept=0", "map L1 0x400000 0x400000", "inject load 0x400000")
    (place,) = causes.translations(s, "L1 0x400000") or []
    assert (place.key.kind, place.key.page) == ("linear", 0x40_0000)
    (grid,) = causes.why(s, "L1 0x400000")
    assert len(grid.rows) > 3


def test_a_page_is_its_translation_and_without_one_the_upper_levels_on_its_path() -> None:
    s = session("machine paging_structure_caches=1", "map L1 0x400000 0x5000", "inject load 0x400000")
    (place,) = causes.translations(s, "L1 0x400000") or []
    assert place.key.table_level == 0
    assert {place.key.table_level for place in causes.translations(s, "L1 0x401000") or []} == {2, 3, 4}


def test_a_row_that_has_gone_is_explained_as_of_its_removal() -> None:
    s = two_spaces("goto again", "inject vmresume", "goto end")
    s.stop_position_before = s.timeline.bookmarks["again"]
    gone = next(i for i, row in enumerate(s.execute("info tlb").rows, 1)     # type: ignore[union-attr]
                if row.key[1] not in s.kvm.hw.tlb[0] and row.key[1].page == 0x80_0000)
    (grid,) = causes.why(s, f"tlb {gone}")
    assert "is cached" in grid.title and len(grid.rows) > 3


def test_every_link_has_a_position_a_function_and_a_source() -> None:
    s = two_spaces()
    for what in ("L2 0x800000", "TLB_FLUSH_GUEST", "KVM_REQ_TLB_FLUSH", "vmcs02.EPT_POINTER", "EPT_POINTER", "vcpu.last_vpid",
                 "vmcs12.GUEST_CR3", "root_mmu.root"):
        for grid in causes.why(s, what):
            assert grid.rows, what
            assert all(all(row.cells) for row in grid.rows), (what, grid.rows)
            positions = [row.key[1] for row in grid.rows]
            assert positions == sorted(positions, reverse=True)


def test_what_has_no_cause() -> None:
    s = session("poke 0x5000 1", kernel="v6.12")
    for wrong, message in (("vmcs02.EPT_POINTER", "has no vmcs02"), ("TLB_FLUSH", "nobody has made"), ("nonsense", "nonsense"),
                           ("vcpu.vpid", "nothing on the tape"), ("1 + 1", "nothing on the tape")):
        with pytest.raises(UserError, match=message):
            causes.why(s, wrong)


def test_why_not_tells_of_each_stale_translation_what_said_no() -> None:
    s = two_spaces()
    assert causes.why_not(s, "")[0].note == "Every cached translation is fresh."
    say(s, "map L2 0x800000 0x60000", "inject vmcall", "inject vmresume")
    (grid,) = causes.why_not(s, "")
    assert "it is stale" in grid.title
    assert any("last_vpid 2 == vpid12 2" in row.cells[1] for row in grid.rows)
    assert all(all(row.cells) for row in grid.rows)
    assert causes.why_not(s, "L2 0x800000") == causes.why_not(s, "vpid02") == causes.why_not(s, "vpid 2") == [grid]
    assert causes.why_not(s, "L2") == [grid]


def test_of_a_forbidden_one_the_owed_flush_comes_first() -> None:
    s = session(*TABLES, *FIRST, *SECOND[:-2], kernel="v6.12 -2b4a5a5d5688")
    (grid,) = causes.why_not(s, "L2 0x800000")
    assert "it is forbidden" in grid.title and grid.rows[0].mark == DIFFERS and "owed a flush" in grid.rows[0].cells[1]
    assert any("which VPID is current?" in row.cells[1] for row in grid.rows[1:])


def test_contexts() -> None:
    s = two_spaces()
    (place,) = causes.translations(s, "L2 0x800000") or ()
    (grid,) = causes.why_not(s, f"ep4ta {place.key.ep4ta:x}")
    assert grid.title == "Why not flush 11 translations"
    positions = [row.key[1] for row in grid.rows]
    assert positions and positions == sorted(positions)
    with pytest.raises(UserError, match="too many"):
        causes.why(s, f"tlb[ep4ta=={place.key.ep4ta}]")
    assert len(causes.why_not(s, "vpid02")) == 1
    for name in ("vpid 55", "ep4ta zz", "rubbish", "tlb 99"):
        with pytest.raises(UserError):
            causes.why_not(s, name)


def test_the_words_behind_not() -> None:
    assert causes.parts("not flush  L2") == (True, "L2") and causes.parts("tlb 3") == (False, "tlb 3")
    with pytest.raises(UserError):
        causes.parts("not entry")
