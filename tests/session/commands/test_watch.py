"""watch."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import say, session


def test_it_names_the_expression() -> None:
    assert say(session(), "watch vcpu0.requests if vcpu0.requests != 0") == "Watchpoint 1: vcpu0.requests if vcpu0.requests != 0"


@pytest.mark.parametrize("what", ["5", "1 + 1", "vcpu.nonsense", ""])
def test_nothing_to_watch(what: str) -> None:
    with pytest.raises(UserError):
        session().execute(f"watch {what}")
