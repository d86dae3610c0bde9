"""The list of invalidations: what executed, what it covers, whom it served."""

from __future__ import annotations

from kvmdbg.machine.hw.events import Invalidated
from kvmdbg.session.reports.flushes import context, flushes
from looking import looking


def event(**values: int) -> Invalidated:
    return Invalidated(**({"cpu": 0, "by": "invvpid", "type": "single-context", "vpid": -1, "pcid": -1, "ep4ta": -1, "address": -1,
                           "dropped": ()} | values))


def test_a_flush_names_the_one_who_asked() -> None:
    s = looking("v6.12", "mov cr3, 0x1000")
    found = {row.cells[1]: row.cells for row in flushes(s).rows}
    assert found["mov cr3"][5:] == ("processor", "-")
    assert found["invept"][5:] == ("root load", "flush_tlb_current")


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


def test_the_context_in_words() -> None:
    assert context(event()) == "everything"
    assert context(event(vpid=2, pcid=3)) == "vpid 2 pcid 3"
    assert context(event(ep4ta=0x100005, address=0x7000)) == "ep4ta 100005 address 7000"


def test_nothing_so_far() -> None:
    s = looking()
    s.tape.seek(0)
    assert flushes(s).note == "No invalidation so far."
