"""The log pane."""

from __future__ import annotations

from kvmdbg.ui.panes.log import log
from session_support import session


def test_it_is_the_sessions_own_list() -> None:
    s = session()
    assert log(s) is s.log
