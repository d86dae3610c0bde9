"""break, tbreak, catch, tcatch, vmexitbp."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported, UserError
from kvmdbg.session.breakpoints import CATCH, DELETE
from session_support import STALE_IN_L1, say, session, stop_of


def test_it_says_number_and_place() -> None:
    s = session()
    assert say(s,
               "break flush:single-context if vpid == vcpu.vpid02") == "Breakpoint 1: flush:single-context if vpid == vcpu.vpid02"
    assert say(s, "tbreak vmentry vcpu 0") == "Temporary breakpoint 2: vmentry vcpu 0"
    assert say(s, "catch vmexit") == "Catchpoint 3: vmexit" and s.breakpoints[3].kind == CATCH
    assert say(s, "tcatch stuck") == "Catchpoint 4: stuck" and s.breakpoints[4].disposition == DELETE
    assert say(s, "print $bpnum") == "$1 = 4"
    assert say(s, "vmexitbp") == "Breakpoint 5: vmexit"


def test_a_temporary_one_stops_once() -> None:
    s = session("tbreak req")
    assert stop_of(s, "c").reason == "breakpoint"
    assert stop_of(s, "c").reason == "waiting" and not len(s.breakpoints)


def test_without_an_operand_at_the_function_one_stands_in() -> None:
    s = session("until kvm_make_request")
    assert say(s, "break") == "Breakpoint 1: kvm_make_request"
    with pytest.raises(UserError):
        session().execute("break")


def test_what_cannot_be_known_before_it_happened_says_so() -> None:
    with pytest.raises(Unsupported, match="known only at the VM entry after it"):
        session().execute("break excess")


def test_stale_and_forbidden_take_qualifiers_and_conditions() -> None:
    s = session(*STALE_IN_L1, "break stale:fetch", "break stale:read if page == 0x400000", "break forbidden vcpu 0")
    assert stop_of(s, "inject load 0x400000").breakpoint == 2
    assert stop_of(s, "continue").reason == "waiting"


def test_a_condition_with_an_unknown_name_is_refused_at_once() -> None:
    s = session()
    with pytest.raises(UserError, match='No symbol "vpidd" in current context.  Did you mean vpid'):
        s.execute("break flush if vpidd == 2")
    assert not len(s.breakpoints)
    say(s, "break req if by == 'nobody' and vcpu == 0", "break fill if page == 0x1000 and tlb[page == 0].count == 0")
    assert stop_of(s, "c").reason == "waiting"
