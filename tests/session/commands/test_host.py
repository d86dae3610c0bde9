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
