"""kernels: what a script is about."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import say, session


def test_a_session_begins_on_the_first() -> None:
    s = session()
    assert say(s, "kernels v4.3 v4.4 | v6.12 -2b4a5a5d5688") == "kernel v4.3; the script is also about v4.4, v6.12 -2b4a5a5d5688"
    assert s.kernel == "v4.3"


def test_the_kernel_of_the_command_line_stays() -> None:
    s = session()
    s.kernel_wins = True
    assert say(s, "kernels v4.3") == "" and s.kernel != "v4.3"


@pytest.mark.parametrize(("line", "words"), [("kernels v9.9", "kernel 'v9.9' is not known"), ("kernels |", "no kernel was named")])
def test_what_is_no_kernel_is_refused(line: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        session().execute(line)


def test_it_comes_first() -> None:
    with pytest.raises(UserError, match="comes too late"):
        session("inject nop").execute("kernels v4.3")
