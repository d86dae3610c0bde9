"""A state with its past."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvmdbg.errors import UserError
from kvmdbg.session.reports import REPORTS
from kvmdbg.session.session import Session
from session_support import FORBIDDEN_IN_L2, L2, L2_WITH_EPT, LOSES_FLUSHES, STALE_IN_L1, say, session

FILES: dict[str, str] = {}
BY_CALL_STACKS = {"source", "line"}                     # what the model's own call stacks say is not in the file
LINES = ("step", "stepi 7", "reverse-stepi 3", "continue", "goto start", "goto end", "inject load 0x400000", "inject vmcall",
         "undo", "inject invlpg 0x400000", "map L1 0x400000 0x6000", "bookmark here", "host irq vcpu0 0x20", "interval begin a",
         "interval end", "inject mov cr3, 0x1000", "reverse-continue")


def saving(*lines: str, **more: str) -> Session:
    return session(*lines, read_file=FILES.__getitem__, write_file=FILES.__setitem__, **more)


def put(s: Session, line: str) -> str:
    try:
        return say(s, line)
    except UserError as wrong:
        return str(wrong)


def everything(s: Session) -> dict[str, str]:
    return {one.name: put(s, f"info {one.name}") for one in REPORTS if one.name not in BY_CALL_STACKS}


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(kernel=st.sampled_from(("v3.1", "v4.4", "v6.12")), beginning=st.sampled_from(((), L2, L2_WITH_EPT, STALE_IN_L1)),
       lines=st.lists(st.sampled_from(LINES), max_size=8), after=st.lists(st.sampled_from(LINES), max_size=4))
def test_every_report_is_what_it_was_and_goes_on_so(kernel: str, beginning: tuple[str, ...], lines: list[str],
                                                    after: list[str]) -> None:
    s = Session(kernel, listening=False, write_file=FILES.__setitem__)
    for line in (*beginning, *lines):
        put(s, line)
    s.execute("save history a")
    other = Session("v6.12", listening=False, read_file=FILES.__getitem__, write_file=FILES.__setitem__)
    other.execute("load state a")
    assert (other.tape.digest(), other.tape.cursor, other.tape.end) == (s.tape.digest(), s.tape.cursor, s.tape.end)
    assert everything(other) == everything(s)
    other.execute("save history b")
    assert FILES["a"] == FILES["b"]
    for line in after:
        if line != "undo":                              # what an edit had cut off is not in the file
            assert (put(other, line), other.tape.digest()) == (put(s, line), s.tape.digest()), line


def test_a_forbidden_translation_stays_forbidden() -> None:
    saving(*FORBIDDEN_IN_L2, "save history a", kernel=LOSES_FLUSHES)
    s = saving("load state a")
    assert "X forbidden" in say(s, "info tlb forbidden")
    saving(*FORBIDDEN_IN_L2, "save b", kernel=LOSES_FLUSHES)
    assert "X forbidden" not in say(saving("load state b"), "info tlb")


def test_it_is_saved_in_the_middle_of_an_action() -> None:
    saving("inject load 0x400000", "reverse-stepi 20", "save history a")
    s = saving("load state a")
    assert s.tape.cursor < s.tape.end and not s.timeline.at_border(s.tape.cursor)
    assert "waits" in say(s, "continue") and s.tape.cursor == s.tape.end


def test_edits_of_the_past_can_be_undone() -> None:
    saving("poke 0x5000 1", "poke 0x5000 2", "save history a")
    s = saving("load state a")
    assert say(s, "undo").startswith("Undone: poke 0x5000 0x2.") and s.tape.end == 6
    assert s.timeline.marks[-1].text == "poke 0x5000 0x1"


def test_the_past_is_not_executed_again() -> None:
    saving("inject load 0x400000", "save history a", kernel="v4.4")
    s = saving("load state a", "map L1 0x400000 0x5000", "inject invlpg 0x400000", "inject load 0x400000", "goto start")
    with pytest.raises(UserError, match="lies in the past that was loaded"):
        s.execute("whatif skip")
    assert "#" in put(s, "goto end") and s.tape.end > 200
    recorded = s.record()
    assert saving(*recorded.splitlines()).tape.digest() == s.tape.digest()


def test_a_long_program_does_not_repeat_itself() -> None:
    saving("program", *["nop"] * 100, "end", "continue", "save history a")
    assert FILES["a"].count('Insn("nop")') < 110 and FILES["a"].count("rest = ") >= 98


PAST = """
[history]
cursor = 1
stop = 0
mark = (0, 1, 0, "poke", "poke", True)
was = ("cpu0", "rax", 0)
wrote = ("cpu0", "rax", 5)
"""


@pytest.mark.parametrize(("old", "new", "what"), [
    ("", "", ""), ("cursor = 1", "cursor = 2", "the history has 1 entries, and the cursor or the marks say otherwise"),
    ("cursor = 1", "cursor = ()", "() is no position"), ("(0, 1, 0,", "(0, 2, 0,", "the cursor or the marks say otherwise"),
    ("(0, 1, 0,", "(1, 1, 0,", "a mark begins where the one before it ends"), ("(0, 1, 0,", "(0, ", "is not what belongs here"),
    ("wrote", "wrotte", "'wrotte' stands where one of cursor"),
    ('was = ("cpu0", "rax", 0)', "", "no line says what 'cpu0' held before"),
    ('"rax", 5', '"rax", 6', "the history leads to 6 in 'cpu0'"),
    ('"cpu0", "rax", 5', '"cpu7", "rax", 5', "the machine has no 'cpu7'"),
    ('wrote = ("cpu0", "rax", 5)', "event = 5", "this is no event"),
    ('wrote = ("cpu0", "rax", 5)', 'rest = ("cpu0", "rax")', "no program")])
def test_what_is_wrong_with_a_past_is_named(old: str, new: str, what: str) -> None:
    saving("save a")
    FILES["c"] = (FILES["a"] + PAST.replace(old, new, 1)).replace("rax = 0\nrflags", "rax = 5\nrflags")
    if not what:
        assert "| rax | 5 |" in say(saving("load state c"), "info registers")
        return
    with pytest.raises(UserError, match="c:") as wrong:
        saving("load state c")
    assert what in str(wrong.value)
