"""echo."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import say, session


def test_text_with_values() -> None:
    s = session()
    assert say(s, "echo vpid is {vcpu.vpid}, {1 + 1}") == "vpid is 1, 2"
    assert say(s, 'echo "quoted # text"') == "quoted # text" and say(s, "echo") == ""
    with pytest.raises(UserError):
        s.execute("echo {nonsense}")
