"""set and show."""

from __future__ import annotations

import pytest

from kvmdbg import __version__
from kvmdbg.errors import UserError
from session_support import say, session


def test_settings() -> None:
    s = session("set narrate brief", "set conf off", "set width 0", "set history size 50", "set pagination")
    assert [s.settings[name] for name in ("narrate", "confirm", "width", "history", "pagination")] == ["brief", "off", "0", "50",
                                                                                                       "on"]
    assert say(s, "show narrate").startswith("narrate is brief: ")
    assert "pagination | on" in say(s, "show")


def test_variables_keep_plain_values() -> None:
    s = session("set $before = position", "set var $mask = vcpu.requests", "stepi 5")
    assert say(s, "print position - $before") == "$1 = 5" and say(s, "print $mask") == "$2 = 0"
    assert say(s, "show convenience") == "$before = 0\n$mask = 0" and say(s, "show values") == "$1 = 5\n$2 = 0"


def test_other_things_to_show() -> None:
    s = session()
    assert say(s, "show version") == f"kvmdbg {__version__}"
    assert say(s, "show values") == "The history is empty." and say(s, "show conv") == "No variables."


@pytest.mark.parametrize("line", ["set", "set colour red", "set narrate loud", "set $x = ", "set $x == 1", "show colour"])
def test_mistakes(line: str) -> None:
    with pytest.raises(UserError):
        session().execute(line)


def test_completion() -> None:
    assert [one.text for one in session().completions("set narrate ")] == ["off", "brief", "full"]
    assert [one.text for one in session().completions("set narr")] == ["narrate"]
