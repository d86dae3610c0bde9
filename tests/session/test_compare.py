"""Accounts of one session on several kernels."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.events import Invalidated, VmExited
from kvmdbg.machine.kvm.events import FlushAsked, NestedEntered, NestedExited, RequestMade
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.session.compare import account, compare, flush_name, interval_grid, purpose, side_by_side
from kvmdbg.session.script import Ran
from kvmdbg.session.session import Session
from kvmdbg.session.timeline import Timeline
from kvmdbg.tape import Tape
from looking import Looking, looking
from session_support import FORBIDDEN_IN_L2, L2, L2_WITH_EPT, LOSES_FLUSHES

EXACT_KEYS = ["kernel", "flushes", "entries_dropped", "flushes_by", "requests", "requests_by", "exits", "nested_entries",
              "nested_exits", "fresh_dropped", "excess_flushes", "stale_uses", "forbidden_uses", "digest", "failures", "asked_by",
              "dropped_by", "exits_by", "vm_entries", "entries_cancelled", "roots", "references", "fills", "switches", "intervals"]


class Player:
    """A session whose script is instructions, one a line."""

    def __init__(self, kernel: str) -> None:
        self.seen: Looking = looking(kernel)

    @property
    def kvm(self) -> Kvm:
        return self.seen.kvm

    @property
    def timeline(self) -> Timeline:
        return Timeline(self.kvm)

    def choose(self, name: str, value: str) -> None:
        assert (name, value) == ("stop-on-forbidden", "off")

    def run_script(self, name: str, text: str) -> Ran:
        for line in text.splitlines():
            if line == "fail":
                raise UserError("it failed")
            self.seen.execute(line)
        return Ran(())


def invalidated(tape: Tape, by: str, type: str, dropped: int) -> None:
    tape.emit(Invalidated, 0, by, type, 1, -1, -1, -1, (None,) * dropped)


def test_everything_is_counted_by_its_name() -> None:
    tape = Tape()
    invalidated(tape, "mov cr3", "", 2)
    tape.emit(RequestMade, 0, "TLB_FLUSH", "x")
    tape.emit(FlushAsked, 0, "KVM_REQ_TLB_FLUSH", "flush_tlb_all", "")
    invalidated(tape, "invept", "all-context", 1)
    tape.emit(FlushAsked, 0, "nested entry", "__vmx_flush_tlb", "")
    invalidated(tape, "invvpid", "single-context", 0)
    invalidated(tape, "invvpid", "single-context", 4)
    tape.emit(NestedEntered, 0, 0x5000, 1)
    tape.emit(VmExited, 0, 0x5000, 10, 0)
    tape.emit(NestedExited, 0, 10, 0)
    found = account("v0", tape)
    assert found.flushes == {"invept:all-context": 1, "invvpid:single-context": 2, "mov cr3": 1}
    assert found.flushes_by == {"nested code": 2, "processor": 1, "requests": 1}
    assert (found.entries_dropped, found.requests, found.exits, found.nested_entries, found.nested_exits) == (7, 1, 1, 1, 1)
    assert found.requests_by == {"TLB_FLUSH": 1}
    assert list(found.as_data()) == EXACT_KEYS


def test_only_what_lies_before_the_cursor_counts() -> None:
    tape = Tape()
    invalidated(tape, "mov cr3", "", 2)
    tape.seek(0)
    assert account("v0", tape).flushes == {}


def test_a_purpose_is_a_part_of_kvm() -> None:
    assert [purpose(by) for by in ("KVM_REQ_TLB_FLUSH_GUEST", "root load", "nested exit", "INVVPID emulation", "vcpu reset")] == \
        ["requests", "root loads", "nested code", "emulation", "vcpu reset"]
    assert flush_name(Invalidated(0, "mov cr3", "", 1, 0, -1, -1, ())) == "mov cr3"


def test_a_session_on_several_kernels() -> None:
    accounts = compare("x", "cpuid\ncpuid", ["v4.3", "v6.12"], Player)
    assert [one.kernel for one in accounts] == ["v4.3", "v6.12"]
    assert [one.exits for one in accounts] == [2, 2]
    assert all(len(one.digest) == 16 and not one.failures for one in accounts)


def test_a_failure_on_one_kernel_is_told_and_counted_up_to_there() -> None:
    (one,) = compare("x", "cpuid\nfail\ncpuid", ["v6.12"], Player)
    assert (one.exits, one.failures) == (1, ("it failed",))
    assert one.as_data()["failures"] == ["it failed"]


def test_what_the_oracle_says_is_counted_and_does_not_stop() -> None:
    text = "\n".join(("map L1 0x400000 0x5000", "inject load 0x400000", "inject invlpg 0x400000", *FORBIDDEN_IN_L2,
                      "inject load 0x800000", "map L2 0x800000 0x40000", "inject load 0x800000"))
    good, bad = compare("x", text, ["v6.12", LOSES_FLUSHES], lambda kernel: Session(kernel, kernel_wins=True))
    assert not good.failures + bad.failures
    assert (good.forbidden_uses, good.stale_uses, bad.forbidden_uses, bad.stale_uses) == (0, 1, 2, 0)
    assert good.entries_dropped >= good.fresh_dropped > 0 and good.excess_flushes > 0
    assert ("forbidden uses", "0", "2") in [row.cells for row in side_by_side([good, bad]).rows if row.mark == "!"]


def test_the_table_marks_what_differs() -> None:
    first = account("v4.3", Tape())
    second = first._replace(kernel="v4.4", flushes={"invvpid:single-context": 3})
    grid = side_by_side([first, second])
    marked = [row.cells for row in grid.rows if row.mark == "!"]
    assert marked == [("flush invvpid:single-context", "0", "3")]
    assert [column.name for column in grid.columns] == ["", "v4.3", "v4.4"]


def on(kernel: str) -> Session:
    return Session(kernel, kernel_wins=True)


def test_exits_entries_roots_and_walks_are_counted() -> None:
    text = "\n".join((*L2_WITH_EPT, "inject vmcall", "inject vmresume"))
    old, new = compare("x", text, ["v4.4", "v6.12"], on)
    assert old.exits_by["L2 VMCALL"] == new.exits_by["L2 VMCALL"] == 1 and sum(old.exits_by.values()) == old.exits
    assert old.asked_by["nested exit"] == 1 and "nested exit" not in new.asked_by and new.roots["reused"] > 0
    assert old.vm_entries == old.exits + 1 and old.references > old.fills > 0
    assert sum(old.dropped_by.values()) == old.entries_dropped
    assert ("roots reused", "0", str(new.roots["reused"])) in [row.cells for row in side_by_side([old, new]).rows]
    assert not [row for row in side_by_side([old, new]).rows if row.cells[1:] == ("0", "0") and "uses" not in row.cells[0]]


def test_between_two_bookmarks() -> None:
    text = "\n".join((*L2, "mark a", "inject cpuid", "mark b", "inject cpuid"))
    for between, exits in ((("a", "b"), 1), (("a", ""), 2), (("", ""), 2 + compare("x", "\n".join(L2), ["v4.4"], on)[0].exits)):
        assert compare("x", text, ["v4.4"], on, between)[0].exits == exits
    for between in (("b", "a"), ("nowhere", "")):
        with pytest.raises(UserError):
            compare("x", text, ["v4.4"], on, between)


def test_intervals_of_a_name_are_added_up() -> None:
    text = "\n".join(("interval begin i", "inject cpuid", "interval end", "inject cpuid", "interval begin i", "inject cpuid",
                      "interval end", "interval begin open"))
    (one,) = compare("x", text, ["v4.4"], on)
    assert list(one.intervals) == ["i"] and one.intervals["i"].exits == 2
    assert one.as_data()["intervals"]["i"]["exits"] == 2 and "digest" not in one.as_data()["intervals"]["i"]
    (row,) = interval_grid([one]).rows
    assert row.cells[:2] == ("i", "v4.4") and row.cells[-1] == "2"
