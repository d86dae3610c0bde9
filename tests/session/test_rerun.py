"""Running a session again on a machine of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.events import LeftOut
from kvmdbg.session.rerun import Edit, Run, Say, plan, rerun
from kvmdbg.session.session import Session
from session.reruns import TABLES, two_spaces
from session_support import say, session


def same(one: Session, other: Session) -> bool:
    return one.tape.end == other.tape.end and one.tape.freeze() == other.tape.freeze()


@pytest.mark.parametrize("kernel", ["v4.4", "v6.12"])
def test_with_nothing_left_out_it_is_the_same_session(kernel: str) -> None:
    s = two_spaces(kernel=kernel)
    done = rerun(s, plan(s))
    assert same(done.session, s) and not done.failures and not done.ended


def test_a_plan_has_the_edits_the_actions_and_what_was_said() -> None:
    s = two_spaces()
    steps = plan(s).steps
    assert [step.line for step in steps if isinstance(step, Edit)][:2] == list(TABLES[:2])
    assert [len(step.insns) for step in steps if isinstance(step, Edit) and step.insns] == [3, 1, 1, 1, 1, 1, 1, 1]
    assert [step.line for step in steps if isinstance(step, Say)] == ["expect cpu0.rax == 6", "mark again", "expect cpu0.rax == 7"]
    assert all(step.todo == ("guest",) and step.program == 0 for step in steps if isinstance(step, Run))


def test_breakpoints_motions_and_changes_of_the_past_make_no_difference() -> None:
    s = two_spaces("break flush", "inject vmcall", "goto again", "poke 0x9000 1", "poke 0x9000 2", "undo", "inject vmresume",
                   "finish", "continue", "continue", "delete", "inject load 0x800000", "print cpu0.rax", "reverse-stepi 30",
                   "expect position > 0")
    cursor, digest = s.tape.cursor, s.tape.digest()
    done = rerun(s, plan(s))
    assert (s.tape.cursor, s.tape.digest()) == (cursor, digest)
    assert not done.failures and not done.ended
    say(s, "goto end")
    assert same(done.session, s)


def test_what_was_said_before_a_change_of_the_past_is_forgotten() -> None:
    s = session("poke 0x5000 1", "expect gpa(0x5000) == 1", "goto start", "poke 0x5000 2", "expect gpa(0x5000) == 2")
    assert [step.line for step in plan(s).steps if isinstance(step, Say)] == ["expect gpa(0x5000) == 2"]
    assert not rerun(s, plan(s)).failures


def test_what_is_left_out_takes_its_position_and_the_rest_goes_on() -> None:
    s = two_spaces()
    at = int(say(s, 'print last("flush:invvpid")').rpartition(" ")[2])
    done = rerun(s, plan(s), left_out=(at,))
    assert done.session.tape.event(at) == LeftOut(0, "invvpid", "single-context")
    assert done.failures == ["expected cpu0.rax == 7: cpu0.rax is 6"] and not done.ended


def test_another_kernel_runs_until_the_guest_waits_where_it_waited() -> None:
    s = two_spaces()
    done = rerun(s, plan(s), kernel="v4.3")
    assert done.session.kernel == "v4.3" and not done.ended
    assert done.session.kvm.vcpus[0].guest_mode


def test_a_rerun_ends_where_an_edit_is_impossible_or_the_words_lead_elsewhere() -> None:
    s = session("poke 0x5000 1", kernel="v6.12")
    wanted = plan(s)
    wrong = replace(wanted, steps=(Edit(0, "poke 0xffff000000 1", (), False), *wanted.steps))
    done = rerun(s, wrong)
    assert done.ended.startswith("'poke 0xffff000000 1' fails: ") and not done.session.tape.end
    s.words[:] = ["poke 0x5000 2"]
    with pytest.raises(UserError, match="cannot be repeated"):
        plan(s)


def test_a_guest_that_never_comes_there_is_given_up() -> None:
    s = session("inject nop", kernel="v6.12")
    wanted = plan(s)
    steps = tuple(step._replace(todo=("nowhere",)) if isinstance(step, Run) else step for step in wanted.steps)
    assert rerun(s, replace(wanted, steps=steps)).session.tape.end == s.tape.end
