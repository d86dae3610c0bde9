"""An index answers as a search of the whole tape would, and survives cuts."""

from __future__ import annotations

from kvmdbg.machine.hw.events import Invalidated
from kvmdbg.machine.kvm.events import FlushAsked, RequestMade
from kvmdbg.session.tape_index import before, index_of, tlb_tables
from kvmdbg.tape import Record, Table, Tape


class Bits(Record):
    __slots__ = ("requests",)
    requests: int


def flush(tape: Tape, vpid: int) -> None:
    tape.emit(Invalidated, 0, "invvpid", "single-context", vpid, -1, -1, -1, ())


def test_before_is_the_last_position_below_the_cursor() -> None:
    assert [before([2, 5, 9], cursor) for cursor in (2, 3, 9, 10)] == [None, 2, 5, 9]
    assert before([], 4) is None


def test_tlb_tables_are_found_by_number() -> None:
    tape = Tape()
    first, second = Table(tape, "tlb0"), Table(tape, "tlb1")
    assert tlb_tables(tape) == {0: first, 1: second}


def test_a_fill_is_the_last_one_before_the_cursor() -> None:
    tape = Tape()
    tlb: Table[str, int] = Table(tape, "tlb0")
    tlb["a"] = 1
    tlb["b"] = 2
    del tlb["a"]
    tlb["a"] = 3
    index = index_of(tape)
    assert [index.filled(0, "a", cursor) for cursor in (0, 1, 3, 4)] == [None, 0, 0, 3]
    assert index.filled(0, "c", 4) is None
    assert [index.removed(0, "a", cursor) for cursor in (2, 3)] == [None, 2]


def test_it_reads_what_was_appended_since() -> None:
    tape = Tape()
    flush(tape, 1)
    assert index_of(tape).invalidations_before(tape.end) == [0]
    tape.emit(FlushAsked, 0, "root load", "vmx_flush_tlb", "vpid 1")
    flush(tape, 2)
    index = index_of(tape)
    assert index.invalidations_before(tape.end) == [0, 2]
    assert index.asked_before(2) == 1
    assert index.asked_before(1) is None


def test_a_cut_tape_is_read_again() -> None:
    tape = Tape()
    for vpid in (1, 2, 3):
        flush(tape, vpid)
    index_of(tape)
    tape.seek(1)
    tape.cut()
    assert index_of(tape).invalidations == [0]
    tape.emit(FlushAsked, 0, "root load", "vmx_flush_tlb", "vpid 1")
    tape.emit(FlushAsked, 0, "root load", "vmx_flush_tlb", "vpid 1")
    index = index_of(tape)
    assert (index.invalidations, index.flushes_asked) == ([0], [1, 2])


def test_a_request_is_dated_by_the_call_that_set_the_bit() -> None:
    tape = Tape()
    vcpu = Bits(tape, "vcpu0", requests=0)
    for value in (4, 4, 0):
        if value:
            tape.emit(RequestMade, 0, "TLB_FLUSH", "somebody")
        vcpu.requests = value
    # 0 made, 1 written, 2 made again (the bit is set already), 3 cleared
    index = index_of(tape)
    assert index.requested(0, "TLB_FLUSH", 3) == 0
    assert index.requested(0, "TLB_FLUSH_GUEST", 3) is None
