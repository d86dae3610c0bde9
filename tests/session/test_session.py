"""Running lines: repetition, blocks, pieces, interrupts, failures."""

from __future__ import annotations

import pytest

from kvmdbg.errors import ExpectationFailed, ModelBug, UserError
from kvmdbg.session.parse import COMMANDS
from kvmdbg.session.results import Stop
from session_support import L2, say, session, text


def test_enter_repeats_motions_only_and_only_for_a_person() -> None:
    s = session(interactive=True)
    say(s, "stepi", "", "")
    assert s.tape.cursor == 3
    say(s, "print 1", "")
    assert len(s.history) == 1 and s.tape.cursor == 3
    script = session("stepi", "", "")
    assert script.tape.cursor == 1


def test_a_comment_repeats_nothing() -> None:
    s = session("stepi", "# no", interactive=True)
    assert s.tape.cursor == 1


def test_repeating_x_and_list_goes_on_behind_what_was_shown() -> None:
    s = session("stepi", interactive=True)
    assert "0x1010" in say(s, "x/2gx 0x1000", "")
    first, second = say(s, "list"), say(s, "")
    assert first.splitlines()[-1] != second.splitlines()[-1]


def test_a_question_mark_asks_for_help() -> None:
    assert say(session(), "step ?").startswith("step [COUNT]")


def test_several_lines_at_once() -> None:
    assert say(session(), "print 1\nprint 2") == "$1 = 1\n$2 = 2"


def test_blocks_are_collected_up_to_their_end() -> None:
    s = session("break flush", "commands")
    assert s.prompt == ">" and s.open_block == "commands"
    assert s.execute("  print 7 ") is None
    s.execute("end")
    assert s.prompt == "(kvmdbg) " and s.breakpoints[1].commands == ("print 7",)
    say(s, "define both", "commands 1", "print 8", "end", "continue", "end")
    assert s.defined["both"] == ("commands 1", "print 8", "end", "continue")
    assert say(s, "both").endswith("$1 = 8")


def test_a_block_may_be_dropped() -> None:
    s = session("program")
    s.drop_block()
    assert say(s, "print 1") == "$1 = 1"


def test_commands_of_a_breakpoint_run_after_its_stop() -> None:
    s = session("break flush", "commands", "silent", "print position", "continue", "end", "continue")
    assert s.last_stop is not None and s.last_stop.reason == "waiting"
    assert len(s.history) == s.breakpoints[1].hits > 1


def test_an_error_in_them_does_not_hide_the_stop() -> None:
    s = session("break flush", "commands", "print nonsense", "print 5", "end")
    said = say(s, "continue")
    assert said.startswith("Breakpoint 1") and 'print nonsense: No symbol "nonsense"' in said
    assert not s.history and not s.queue          # the rest of the commands is dropped, as in gdb


def test_words_of_the_persons_own_take_arguments() -> None:
    s = session("define go", "stepi $arg0", "print $argc", "end")
    assert say(s, "go 3").endswith("$1 = 1") and s.tape.cursor == 3
    assert "go" in [one.text for one in s.completions("g")]


def test_a_word_that_calls_itself_ends_in_an_error() -> None:
    s = session("define loop", "loop", "end")
    with pytest.raises(UserError, match="Max user call depth exceeded"):
        s.execute("loop")
    assert s.depth == 0


def test_a_motion_in_pieces_for_a_program_with_a_screen() -> None:
    s = session()
    assert s.start("continue") is None and s.running
    with pytest.raises(UserError, match="under way"):
        s.start("print 1")
    result, turns = None, 0
    while s.running:
        result, turns = s.pump(4), turns + 1
    assert isinstance(result, Stop) and result.reason == "waiting" and turns > 2
    assert s.pump() is None


def test_an_interrupt_stops_a_motion_and_is_recorded_as_steps() -> None:
    s = session()
    s.start_continue()
    s.pump(5)
    s.interrupt = True
    stop = s.pump()
    assert isinstance(stop, Stop) and stop.reason == "interrupted" and s.tape.cursor == 5
    assert s.words == ["stepi 5"]
    s.start_continue(reverse=True)
    assert s.pump() is not None and s.tape.cursor == 0


def test_an_interrupted_injection_is_recorded_with_its_place() -> None:
    s = session()
    s.start("inject cpuid")
    s.pump(6)
    s.interrupt = True
    s.pump()
    assert s.words == ["inject cpuid", f"goto #{s.tape.cursor}"]
    again = session(*s.words)
    assert (again.tape.cursor, again.tape.digest()) == (s.tape.cursor, s.tape.digest())


def test_a_failing_command_changes_nothing() -> None:
    s = session(*L2, "bookmark here")
    before = s.tape.cursor, s.tape.end, s.tape.digest(), list(s.words)
    for line in ("foo", "goto 99999", "inject mvo", "map L1 1 2", "break flsh", "print 1 +", "expect 1 == 2", "vcpu 3",
                 "kernel v9.9", "machine x=1",
                 "machine enable_vpid=0", "pte L1 0x99000000 0", "poke 3 4", "undo 0", "frame 9", "ignore 7 1", "set narrate loud"):
        with pytest.raises(UserError):
            s.execute(line)
        assert (s.tape.cursor, s.tape.end, s.tape.digest(), s.words) == before, line


def test_an_unexpected_exception_becomes_a_model_bug_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    s = session("inject nop")

    def breaks(*arguments: object, **more: object) -> None:
        s.timeline.edit("poke", "poke", lambda: setattr(s.kvm.vcpus[0], "rax", 5))
        raise RuntimeError("boom")

    before = s.tape.cursor, s.tape.end, s.tape.digest()
    entry = COMMANDS["when"]
    monkeypatch.setitem(COMMANDS._entries, "when",
                        type(entry)(**{name: getattr(entry, name) for name in entry.__slots__} | {"run": breaks}))
    with pytest.raises(ModelBug, match=f"at #{s.tape.cursor}: 'when' failed with RuntimeError: boom.  Nothing has changed"):
        s.execute("when")
    assert (s.tape.cursor, s.tape.end, s.tape.digest()) == before


def test_narration_tells_what_was_passed() -> None:
    s = session("set narrate brief")
    said = say(s, "continue")
    assert "KVM_REQ_TLB_FLUSH raised by vmx_vcpu_load_vmcs()" in said and "vcpu0.requests" not in said
    say(s, "goto start", "set narrate full")
    assert "vcpu0.requests: 0 -> TLB_FLUSH" in say(s, "continue")
    assert "raised" not in say(s, "reverse-continue")


def test_displays_are_shown_at_each_stop() -> None:
    s = session("display vcpu.requests", "display/x vcpu.vpid")
    assert say(s, "stepi 5").endswith("1: vcpu.requests = TLB_FLUSH\n2: /x vcpu.vpid = 0x1")


@pytest.mark.parametrize(("line", "wrong"),
                         [("step", ""), ("", ""), ("# x", ""), ("stp", "Undefined"), ("inject mvo", "there is no instruction"),
                                             ("print 1 +", "is no expression"), ("goto 5", "not on the tape"), ("step ?", "")])
def test_validation_while_typing(line: str, wrong: str) -> None:
    s = session()
    said = s.validate(line)
    assert wrong in said and bool(wrong) == bool(said)


def test_completion_inside_a_program() -> None:
    s = session("program")
    assert ("invlpg", 0) in [(one.text, one.start) for one in s.completions("invl")]
    assert "end" in [one.text for one in s.completions("e")]
    assert s.validate("anything") == ""


def test_a_failing_expectation_in_a_breakpoints_commands_is_one() -> None:
    s = session("break flush", "commands", "expect 1 == 2", "end")
    with pytest.raises(ExpectationFailed):
        s.execute("continue")


def test_results_of_a_silent_script_line() -> None:
    assert text(session().execute("set confirm off")) == ""
