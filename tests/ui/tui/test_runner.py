"""Runner: order, pieces, interruption, what is logged."""

from __future__ import annotations

from itertools import count

import pytest

from kvmdbg.errors import ModelBug, UserError
from kvmdbg.session.results import parts
from kvmdbg.session.session import Session
from kvmdbg.ui.tui.runner import CHUNK, Outcome, Runner, Submitted
from session_support import FORBIDDEN_IN_L2, LOSES_FLUSHES, session

RAN = ("map L1 0x400000 0x400000", "inject load 0x400000", "goto start")


LOOKS = 5        # looks at the clock until a chunk is over


class Listener:
    """A runner with what it was told.

    Its clock moves on by a look at it, not by itself: what is done within a chunk depends on the work alone, on a busy
    computer too.
    """

    def __init__(self, s: Session, own: str = "zoom") -> None:
        s.interactive = True
        self.told: list[tuple[Submitted, Outcome]] = []
        self.owned: list[str] = []
        self.own_word = own
        looks = count()
        self.runner = Runner(s, self.own, lambda submitted, outcome: self.told.append((submitted, outcome)), lambda: 60,
                             lambda: next(looks) * CHUNK / LOOKS)

    def own(self, line: str) -> bool:
        if line == self.own_word:
            self.owned.append(line)
        return line == self.own_word

    def run(self, *lines: str) -> None:
        for line in lines:
            self.runner.submit(line)
        self.runner.drain()


def log_of(s: Session, style: str = "typed") -> list[str]:
    return [line.text for line in s.log if line.style == style]


def test_lines_run_in_order_and_stand_on_the_log_once() -> None:
    s = session(*RAN)
    Listener(s).run("stepi 2", "when", "goto #5")
    assert s.tape.cursor == 5 and log_of(s) == ["stepi 2", "when", "goto #5"]


def test_an_empty_line_is_logged_as_what_it_repeats() -> None:
    s = session(*RAN)
    Listener(s).run("stepi", "")
    assert s.tape.cursor == 2 and log_of(s) == ["stepi", "stepi"]


def test_the_screens_own_words_do_not_reach_the_session() -> None:
    s = session(*RAN)
    listener = Listener(s)
    listener.run("zoom", "stepi")
    assert listener.owned == ["zoom"] and log_of(s) == ["zoom", "stepi"]


def test_tables_are_logged_in_full() -> None:
    s = session(*RAN)
    Listener(s).run("info vcpus")
    assert any("vpid01" in line.text for line in s.log)


def test_mistakes_are_logged_and_told_and_the_next_line_runs() -> None:
    s = session(*RAN)
    listener = Listener(s)
    listener.run("stepp", "stepi")
    assert isinstance(listener.told[0][1], UserError) and s.tape.cursor == 1
    assert log_of(s, "error")


def test_what_is_not_a_persons_mistake_is_ours() -> None:
    s = session(*RAN)
    listener = Listener(s)

    def broken(line: str) -> bool:
        raise KeyError(line)

    listener.runner.own = broken
    listener.run("stepi")
    assert isinstance(listener.told[0][1], ModelBug)


def test_breakpoint_stops_are_remembered_until_they_are_cut_off() -> None:
    s = session(*RAN, "break flush")
    listener = Listener(s)
    listener.run("continue")
    assert listener.runner.stops == {s.tape.cursor}
    listener.run("goto start", "map L1 0x500000 0x500000")
    assert listener.runner.stops == set()


def test_so_are_stops_before_a_forbidden_use() -> None:
    s = session(*FORBIDDEN_IN_L2, kernel=LOSES_FLUSHES)
    listener = Listener(s)
    listener.run("inject load 0x800000")
    assert listener.runner.stops == {s.tape.cursor} and any("owed a flush" in line.text for line in s.log)


async def test_what_takes_longer_than_a_chunk_is_gone_on_with_and_nothing_is_lost() -> None:
    s = session(*RAN)
    listener = Listener(s)
    listener.runner.clock = count().__next__                 # each look: a chunk is over
    listener.run("stepi 2", "when", "goto #5")
    assert listener.runner.running and log_of(s) == []
    while listener.runner.drain():
        await listener.runner.run_on(lambda: None)
    assert s.tape.cursor == 5 and log_of(s) == ["stepi 2", "when", "goto #5"]


async def test_a_long_run_goes_on_in_pieces_and_then_what_waited() -> None:
    s = session("map L1 0x400000 0x400000", "program", *["load 0x400000"] * 300, "end")
    listener = Listener(s)
    listener.run("continue", "when")
    assert listener.runner.running and log_of(s) == []
    shown: list[int] = []
    while listener.runner.drain():
        await listener.runner.run_on(lambda: shown.append(s.tape.cursor))
    assert log_of(s) == ["continue", "when"] and not s.running
    assert s.tape.cursor == s.tape.end


async def test_an_interrupt_stops_and_forgets_what_waited() -> None:
    s = session("map L1 0x400000 0x400000", "program", *["load 0x400000"] * 3000, "end")
    listener = Listener(s)
    listener.run("continue", "when")
    listener.runner.interrupt()
    while listener.runner.drain():
        await listener.runner.run_on(lambda: None)
    assert log_of(s) == ["continue"] and not listener.runner.waiting
    assert [part.reason for part in parts(listener.told[-1][1]) if hasattr(part, "reason")] == ["interrupted"]  # type: ignore[arg-type]


@pytest.mark.parametrize("line", ["quit", "quit 7"])
def test_leaving_is_told(line: str) -> None:
    listener = Listener(session())
    listener.run(line)
    assert listener.told[0][0] == Submitted(line, True)


def test_the_session_knows_how_wide_its_answers_may_be() -> None:
    s = session()
    Listener(s).run("when")
    assert s.columns == 60
