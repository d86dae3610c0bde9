"""host: the outside world."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import say, session


def test_a_host_event_is_an_edit() -> None:
    s = session()
    s.execute("host request TLB_FLUSH")
    assert s.kvm.vcpus[0].requests & 1
    assert say(s, "undo") and not s.kvm.vcpus[0].requests & 1


def test_alone_it_lists_what_can_happen() -> None:
    assert "host request [vcpuN] REQUEST" in say(session(), "host")


def test_a_wrong_word_changes_nothing() -> None:
    s = session()
    end = s.tape.end
    with pytest.raises(UserError, match="no host event"):
        s.execute("host rain")
    assert s.tape.end == end


def test_help_lists_it_as_well_and_completion_says_what_each_is() -> None:
    s = session()
    assert "host set-sregs [vcpuN] REGISTER=VALUE [REGISTER=VALUE]...\n" in say(s, "help host")
    assert {one.text: one.meaning for one in s.completions("host ")}["irq"].startswith("A device")
    assert all(not one.meaning for one in s.completions("host irq "))
    assert "host nmi --" in say(s, "apropos NMI")
