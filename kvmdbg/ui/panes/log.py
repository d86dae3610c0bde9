"""Log: what was typed and what was said, newest last."""

from __future__ import annotations

from typing import Any

from kvmdbg.session.session import Session
from kvmdbg.ui.panes import LOG, pane


@pane("log", title="Log", size="wide", kind=LOG)
def log(session: Session) -> Any:
    """The session's own list of lines, not a copy."""
    return session.log
