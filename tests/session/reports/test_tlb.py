"""The TLB table: tags, marks, and what is about to vanish."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.events import Invalidated
from kvmdbg.machine.hw.tlb import insert
from kvmdbg.machine.hw.tlbkey import LINEAR, NONE, TlbKey
from kvmdbg.machine.kvm.guest_memory import kvm_write_guest
from kvmdbg.session.causes import translations
from kvmdbg.session.grid import Grid
from kvmdbg.session.reports.tlb import about_to_go, tlb
from kvmdbg.session.results import parts
from kvmdbg.session.session import Session
from kvmdbg.session.tape_index import index_of
from looking import Looking, looking
from session_support import FORBIDDEN_IN_L2, LOSES_FLUSHES, session


def poked(s: Looking) -> Looking:
    """L1's page at gva 0x40000000 maps to gpa 0x9000 (tables at gpa 0x1000 to 0x4000)."""
    for gpa, entry in ((0x1000, 0x2003), (0x2008, 0x3003), (0x3000, 0x4003), (0x4000, 0x9003)):
        kvm_write_guest(s.kvm, gpa, entry)
    return s


def loaded() -> Looking:
    s = poked(looking())
    s.execute("load 0x40000000")
    return s


def test_a_translation_shows_its_tags_and_where_it_was_filled() -> None:
    s = loaded()
    grid = tlb(s)
    combined = next(row for row in grid.rows if row.cells[11] == "comb")
    page = s.kvm.pages[9]
    ep4ta = f"{s.kvm.hw.cpus[0].eptp >> 12:x}"
    position = index_of(s.tape).filled(0, combined.key[1], s.tape.cursor)
    assert combined.cells == ("1", "vpid01", ". fresh", "1", "0", ep4ta, "40000000", "9000", f"{page:x}", "4K", "rwx-", "comb",
                              f"#{position}")
    assert combined.mark == "+"
    physical = [row for row in grid.rows if row.cells[11] == "gphys"]
    assert len(physical) == 5 and {row.cells[1] for row in physical} == {"EPT01"}


def test_rows_are_numbered_as_why_counts_them_whatever_is_chosen() -> None:
    s = session(*FORBIDDEN_IN_L2, kernel=LOSES_FLUSHES)
    grid = tlb(s)
    assert grid.column("row") == tuple(str(number) for number in range(1, len(grid.rows) + 1))
    chosen = tlb(s, "guest-physical")
    assert 0 < len(chosen.rows) < len(grid.rows)
    for row in chosen.rows:
        (place,) = translations(s, f"tlb {row.cells[0]}") or ()
        assert (place.cpu, place.key) == row.key


def test_linear_ones_come_first_by_vpid_then_guest_physical_ones() -> None:
    kinds = tlb(loaded()).column("kind")
    assert list(kinds) == sorted(kinds)


def test_entries_are_marked_before_they_vanish_and_after() -> None:
    s = loaded()
    s.execute("invlpg 0x40000000")
    at = next(position for position, event in s.tape.events() if isinstance(event, Invalidated) and event.by == "invlpg")
    s.tape.seek(at)
    s.stop_position_before = at
    assert {cpu: len(keys) for cpu, keys in about_to_go(s.tape).items()} == {0: 1}
    assert [(row.cells[6], row.cells[12], row.mark) for row in tlb(s).rows if row.mark] == [("40000000", "goes", "-")]
    s.tape.seek(at + 2)
    assert [(row.cells[6], row.cells[12], row.mark) for row in tlb(s).rows if row.mark] == [("40000000", f"gone #{at + 1}", "-")]
    assert "5 entries  +0 -1" in tlb(s).title
    assert about_to_go(s.tape) == {}


def test_going_back_over_a_fill_shows_it_as_gone() -> None:
    s = loaded()
    end = s.tape.end
    s.stop_position_before = end
    s.tape.seek(end - 10)
    gone = [row for row in tlb(s).rows if row.mark == "-"]
    assert gone and {row.cells[12] for row in gone} == {"gone"}


def test_each_says_whether_it_is_fresh() -> None:
    s = loaded()
    assert set(tlb(s).column("status")) == {". fresh"} and tlb(s).title.endswith("-0")
    kvm_write_guest(s.kvm, 0x4000, 0xA003)
    s.stop_position_before = s.tape.end
    stale, = (row for row in tlb(s).rows if row.style)
    assert (stale.cells[2], stale.style, stale.cells[11]) == ("~ stale", "stale", "comb")
    assert tlb(s).title.endswith("+0 -0  ~1") and [row.key for row in tlb(s, "stale").rows] == [stale.key]
    s.execute("invlpg 0x40000000")
    gone, = (row for row in tlb(s).rows if row.mark)
    assert gone.cells[2] == "~ stale" and tlb(s).title.endswith("+0 -1")


def test_a_forbidden_one_is_told_above_all() -> None:
    s = session(*FORBIDDEN_IN_L2, kernel=LOSES_FLUSHES)
    row, = tlb(s, "forbidden").rows
    assert (row.cells[2], row.style) == ("X forbidden", "forbidden") and tlb(s).title.endswith("X1")
    assert not tlb(session(*FORBIDDEN_IN_L2, kernel="v6.12"), "forbidden").rows


def test_what_the_oracle_does_not_judge_has_no_status() -> None:
    s = looking()
    insert(s.kvm.hw, s.kvm.hw.cpus[0], TlbKey(LINEAR, 0, 0, NONE, 0x1000, 0x1000), frame=0)
    assert tlb(s).column("status") == ("-",)


@pytest.mark.parametrize(("argument", "kinds"), [
    ("1", {"comb"}), ("vpid=1", {"comb"}), ("guest-physical", {"gphys"}), ("gphys", {"gphys"}), ("cpu0", {"comb", "gphys"}),
    ("7", set()), ("cpu1", set()),
])
def test_a_part_can_be_asked_for(argument: str, kinds: set[str]) -> None:
    assert set(tlb(loaded(), argument).column("kind")) == kinds


def test_another_part_is_refused() -> None:
    with pytest.raises(UserError, match='No such part of the TLB: "everything"'):
        tlb(loaded(), "everything")


def test_an_empty_tlb_says_so() -> None:
    assert tlb(looking()).note == "No cached translations."


# -- paging-structure caches ---------------------------------------------------------------------------------------------


def with_upper_levels() -> Session:
    return session("machine paging_structure_caches=1", "map L1 0x400000 0x5000", "inject load 0x400000")


def test_entries_of_upper_levels_have_rows_of_their_own() -> None:
    s = with_upper_levels()
    pages, tables_ = tlb(s, "pages"), tlb(s, "tables")
    assert len(pages.rows) + len(tables_.rows) == len(tlb(s).rows) and tables_.rows
    assert set(pages.column("kind")) == {"comb", "gphys"}
    assert {kind.partition(" ")[2] for kind in tables_.column("kind")} == {"PML4E", "PDPTE", "PDE"}
    sizes = dict(zip(tables_.column("kind"), tables_.column("size"), strict=True))
    assert (sizes["comb PML4E"], sizes["comb PDPTE"], sizes["comb PDE"]) == ("512G", "1G", "2M")
    assert set(tables_.column("status")) == {". fresh"} and not any("D" in rights for rights in tables_.column("rights"))
    assert f"{len(pages.rows)} entries and {len(tables_.rows)} of upper levels" in tlb(s).title


@pytest.mark.parametrize(("argument", "names"), [("pde", {"PDE"}), ("PML4E", {"PML4E"}), ("pml5e", set())])
def test_one_level_can_be_asked_for(argument: str, names: set[str]) -> None:
    assert {kind.partition(" ")[2] for kind in tlb(with_upper_levels(), argument).column("kind")} == names


def test_a_row_of_an_upper_level_can_be_asked_why() -> None:
    s = with_upper_levels()
    row = tlb(s, "pde").rows[0]
    grid, = parts(s.execute(f"why tlb {row.cells[0]}"))
    assert isinstance(grid, Grid) and "PDE-cache entry for" in grid.title
