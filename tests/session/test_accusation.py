"""What a stop before a stale or forbidden use says."""

from __future__ import annotations

from kvmdbg.session.accusation import accusation
from kvmdbg.session.names import matches
from session_support import FORBIDDEN_IN_L2, L2_WITH_EPT, LOSES_FLUSHES, STALE_IN_L1, session


def test_a_stale_one_names_fill_and_write() -> None:
    s = session(*STALE_IN_L1, "inject load 0x400000", kernel="v6.12")
    head, filled, stale, window = accusation(s.kvm, matches(s, "stale")[0]).split("\n")
    assert head.startswith("Stale: L1 is about to use combined vpid 1 ") and head.endswith("page 0x400000")
    assert filled == f"  filled at #{matches(s, 'fill:combined')[-1]} by L1"
    assert f"made stale at #{matches(s, 'write:L1')[-1] + 1} by L1, in the page tables of L1: memory " in stale
    assert window == "  allowed: nobody has invalidated it since"


def test_tags_given_away_name_both_owners() -> None:
    s = session("set stop-on-forbidden off", *FORBIDDEN_IN_L2, "inject load 0x800000", kernel=LOSES_FLUSHES)
    head, filled, given = accusation(s.kvm, matches(s, "forbidden")[0]).split("\n")
    assert head.startswith("Forbidden: L2 is about to use") and "by L2" in filled
    assert "VPID 0x1" in given and "VPID 0x9" in given and "nested_vmx_transition_tlb_flush() owed a flush" in given


def test_a_lost_flush_names_what_ended_the_window_and_who_owed_it() -> None:
    pcid_on = ("print cpu.cr4 | 0x20000", "print cpu.cr4")
    s = session(*L2_WITH_EPT, *pcid_on, kernel=LOSES_FLUSHES)
    on, off = s.history[-2:]
    for line in (f"inject mov cr4, {on:#x}", "inject load 0x800000", "map L2 0x800000 0x40000", f"inject mov cr4, {off:#x}"):
        s.execute(line)
    s.execute("inject load 0x800000")
    stop = s.last_stop
    assert stop is not None and (stop.reason, stop.breakpoint) == ("forbidden", None)
    head, filled, stale, window = accusation(s.kvm, stop.position).split("\n")
    assert stop.text.startswith(head) and "in the page tables of L2: memory " in stale
    assert "its window ended at #" in window and window.endswith("with L2's MOV CR4, emulated; kvm_post_set_cr4() owed the flush")
