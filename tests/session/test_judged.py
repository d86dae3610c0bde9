"""What the oracle has said of a tape, each entry once."""

from __future__ import annotations

import gc
from weakref import ref

import pytest

from kvmdbg.errors import ModelBug
from kvmdbg.machine.hw import invalidate
from kvmdbg.machine.hw.events import Hit, Invalidated
from kvmdbg.oracle.flushes import worth
from kvmdbg.oracle.index import index_of
from kvmdbg.oracle.verdict import FORBIDDEN, FRESH, STALE
from kvmdbg.session.judged import Judged, judged_of, verdict_on
from session_support import FORBIDDEN_IN_L2, LOSES_FLUSHES, STALE_IN_L1, say, session


def test_uses_are_judged_wherever_the_cursor_stands() -> None:
    s = session(*STALE_IN_L1, "inject load 0x400000", "goto start", kernel="v6.12")
    judged = judged_of(s.kvm)
    hits = s.timeline.events.positions(Hit)
    assert judged_of(s.kvm) is judged and {judged.status(at) for at in hits} == {FRESH, STALE}
    bad, = (at for at in hits if judged.status(at) == STALE)
    assert judged.count(STALE, 0, s.tape.end) == judged.count(STALE, bad, bad + 1) == 1
    assert judged.count(STALE, bad + 1, s.tape.end) == judged.count(FORBIDDEN, 0, s.tape.end) == 0
    assert judged.verdict(0) is None and judged.status(0) == FRESH


def test_only_new_entries_are_judged() -> None:
    s = session("map L1 0x400000 0x5000", "inject load 0x400000", kernel="v6.12")
    judged_of(s.kvm).refresh()
    walks = index_of(s.kvm).walks
    for _ in range(20):
        judged_of(s.kvm).refresh()
    say(s, *["inject load 0x400000"] * 20)
    assert judged_of(s.kvm).read == s.tape.end and index_of(s.kvm).walks - walks <= 6


def test_what_is_cut_off_is_forgotten_and_comes_back() -> None:
    s = session(*STALE_IN_L1, "inject load 0x400000", kernel="v6.12")
    judged = judged_of(s.kvm)
    assert judged.count(STALE, 0, s.tape.end) == 1
    say(s, "undo")
    assert judged.count(STALE, 0, s.tape.end) == 0
    say(s, "redo")
    assert judged.count(STALE, 0, s.tape.end) == 1
    say(s, "undo", "undo", "inject load 0x400000", "inject load 0x400000")
    assert judged.count(STALE, 0, s.tape.end) == 0
    anew = Judged(s.kvm)
    assert [judged.status(at) for at in range(s.tape.end)] == [anew.status(at) for at in range(s.tape.end)]


def test_the_worth_of_a_flush_is_that_of_the_oracle_and_follows_the_tape() -> None:
    s = session(*FORBIDDEN_IN_L2, kernel="v6.12")
    flushes = s.timeline.events.positions(Invalidated)
    judged = judged_of(s.kvm)
    assert flushes and [judged.worth(at) for at in flushes] == [worth(s.kvm, index_of(s.kvm), at) for at in flushes]
    assert judged.worth(flushes[0]) is judged.worth(flushes[0])
    assert judged.worth(flushes[-1]).reassigned == 1


def test_the_verdict_on_what_is_cached() -> None:
    s = session(*FORBIDDEN_IN_L2, kernel=LOSES_FLUSHES)
    verdicts = {key.page: verdict_on(s.kvm, 0, key, s.tape.cursor) for key, _ in s.kvm.hw.tlb[0].items()}
    assert {page for page, verdict in verdicts.items() if verdict and verdict.status == FORBIDDEN} == {0x80_0000}
    assert verdict_on(s.kvm, 0, next(iter(s.kvm.hw.tlb[0])), 0) is None


def test_it_keeps_no_machine_alive() -> None:
    s = session("continue")
    judged_of(s.kvm).refresh()
    kvm = ref(s.kvm)
    del s
    gc.collect()
    assert kvm() is None


def test_a_processor_that_breaks_the_manual_is_our_own_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """C.3 point 8 in every session: the line fails with the way to repeat it, and nothing has changed."""
    s = session("map L1 0x400000 0x5000", "inject load 0x400000", kernel="v6.12")
    monkeypatch.setattr(invalidate, "select", lambda hw, cpu, **tags: ())
    before = s.tape.digest()
    with pytest.raises(ModelBug, match="outlives INVLPG.*`record FILE` writes a script that leads here; `goto #"):
        s.execute("inject invlpg 0x400000")
    assert s.tape.digest() == before
