"""The list of invalidations: what executed, what it covers, whom it served."""

from __future__ import annotations

from kvmdbg.machine.kvm.events import RequestMade
from kvmdbg.session.reports.flushes import flushes
from looking import looking
from session_support import L2_WITH_EPT, NEW_VPID12, STALE_IN_L1, session


def test_a_flush_names_the_one_who_asked() -> None:
    s = looking("v6.12", "mov cr3, 0x1000")
    found = {row.cells[1]: row.cells for row in flushes(s).rows}
    assert found["mov cr3"][9:] == ("processor", "-", "-", "-", "-")
    assert found["invept"][9:11] == ("root load", "flush_tlb_current")


def test_only_what_lies_before_the_cursor_or_at_it_is_listed() -> None:
    s = looking("v6.12", "mov cr3, 0x1000")
    last = flushes(s).rows[-1].key
    s.tape.seek(last)
    assert [row.mark for row in flushes(s).rows][-1] == "=>"
    s.tape.seek(last - 1)
    assert last not in [row.key for row in flushes(s).rows]


def test_new_ones_are_marked() -> None:
    s = looking("v6.12", "mov cr3, 0x1000")
    assert [row.mark for row in flushes(s).rows if row.cells[1] == "mov cr3"] == ["+"]


def test_a_flush_shows_what_it_was_worth_and_where_it_was_asked_for() -> None:
    s = session("map L1 0x400000 0x5000", "inject load 0x400000", "inject invlpg 0x400000", *L2_WITH_EPT, *NEW_VPID12,
                kernel="v6.12")
    grid = flushes(s)
    by_cells = {name: dict(zip(grid.column("#"), grid.column(name), strict=True)) for name in [one.name for one in grid.columns]}
    made = s.timeline.events.positions(RequestMade)
    switch = by_cells["#"][[at for at in grid.column("#") if by_cells["made by"][at] == "nested_vmx_transition_tlb_flush"][-1]]
    assert (by_cells["dropped"][switch], by_cells["fresh"][switch], by_cells["worth"][switch]) == ("1", "1", "tags")
    assert by_cells["asked for by"][switch] == "KVM_REQ_TLB_FLUSH_GUEST"
    asked, served = (int(by_cells[name][switch][1:]) for name in ("made at", "served at"))
    assert asked in made and asked < served < int(switch[1:])
    assert "excess" in grid.column("worth") and grid.title.startswith(f"Flushes  {len(grid.rows)}, ")


def test_a_stale_one_that_went_is_counted() -> None:
    s = session(*STALE_IN_L1, "inject load 0x400000", "inject invlpg 0x400000", kernel="v6.12")
    last = flushes(s).rows[-1].cells
    assert (last[1], last[4:9]) == ("invlpg", ("1", "0", "1", "0", "-"))


def test_nothing_so_far() -> None:
    s = looking()
    s.tape.seek(0)
    assert flushes(s).note == "No invalidation so far."
