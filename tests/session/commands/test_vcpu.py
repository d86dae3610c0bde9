"""vcpu and schedule."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import cell, say, session


def test_the_current_one_is_said_and_chosen() -> None:
    s = session()
    assert say(s, "vcpu") == "[vCPU 0: it does 'vcpu_load' next]"
    assert say(s, "thread vcpu0").startswith("[vCPU 0")
    with pytest.raises(UserError, match="Unknown vCPU 5."):
        s.execute("vcpu 5")


def test_what_could_run_next() -> None:
    assert cell(session(), "schedule", "next") == ("vcpu_load",)
    assert cell(session("continue"), "schedule", "next") == ("-",)
