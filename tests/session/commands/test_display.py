"""display."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import say, session


def test_now_and_again() -> None:
    s = session()
    assert say(s, "display/x vcpu.vpid") == "1: /x vcpu.vpid = 0x1"
    assert say(s, "display position") == "2: position = 0"
    assert say(s, "stepi").endswith("1: /x vcpu.vpid = 0x1\n2: position = 1")
    assert say(s, "display").splitlines()[1] == "2: position = 1"


def test_a_mistake_adds_nothing() -> None:
    s = session()
    with pytest.raises(UserError):
        s.execute("display nonsense")
    assert not s.displays
