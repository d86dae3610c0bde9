"""Entries as sentences."""

from __future__ import annotations

import kvmdbg.machine.hw.events as hw
import kvmdbg.machine.kvm.events as kvm_events
from kvmdbg.session.describe import SAYINGS, entry_text, event_text, is_brief
from session_support import L2, session


def test_every_type_of_event_has_words() -> None:
    events = [one for module in (hw, kvm_events) for one in vars(module).values()
              if isinstance(one, type) and hasattr(one, "_fields") and one.__module__ == module.__name__]
    assert [one.__name__ for one in events if one not in SAYINGS] == []


def test_every_entry_of_a_nested_session_can_be_said() -> None:
    s = session("map L1 0x400000 0x5000", "inject load 0x400000", *L2)
    said = [entry_text(s.kvm, entry) for entry in s.tape.entries]
    assert all(said)
    assert "vcpu0.requests: 0 -> TLB_FLUSH" in said
    assert any(one.startswith("vmcs02 of vcpu0.VIRTUAL_PROCESSOR_ID: nothing -> 2") for one in said)
    assert any("INVVPID single-context vpid 2" in one for one in said)


def test_sentences() -> None:
    assert event_text(hw.Invalidated(0, "invvpid", "single-context", 2, -1, -1, -1, ())) == \
        "cpu0 INVVPID single-context vpid 2: nothing to drop"
    assert event_text(hw.Faulted(0, "#PF", 2, 0x1000)) == "cpu0 #PF error code 0x2 address 0x1000"
    assert event_text(kvm_events.NestedFailed(0, "vmlaunch", 7)) == "vcpu0 vmlaunch of L1 fails, error 7"
    assert [event_text(event) for event in (hw.Raised(0, 0x20, 0), hw.Raised(0, 2, 2), hw.Taken(0, 0x20, 0))] == [
        "cpu0 is offered interrupt 0x20", "cpu0 is offered an NMI", "cpu0 interrupt 0x20 is handled by the host"]


def test_the_brief_story_leaves_writes_out() -> None:
    s = session("stepi")
    assert [is_brief(entry) for entry in s.tape.entries if entry[1] is not None].count(True) == 0


def test_segment_registers_are_told_by_what_changes_in_them() -> None:
    s = session("inject lidt 0x5000, 0xfff")
    (entry,) = [one for one in s.tape.entries if one[1] == "descriptors" and one[3].idtr_base == 0x5000][:1]
    assert entry_text(s.kvm, entry) == "cpu0.descriptors: idtr_base 0 -> 0x5000, idtr_limit 0 -> 4095"
    old = entry[2]
    moved = old._replace(**{name: getattr(old, name)._replace(base=7) for name in ("es", "ds", "fs", "gs", "ss")})
    assert entry_text(s.kvm, (entry[0], "descriptors", old, moved)).endswith(", 1 more")
