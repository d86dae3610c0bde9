"""Requests: what the current vCPU has pending, in the order in which the kernel looks."""

from __future__ import annotations

from kvmdbg.session.grid import Grid
from kvmdbg.session.session import Session
from kvmdbg.ui.panes import pane, table


@pane("requests", title="Requests", key="2", size="narrow", report="requests")
def requests(session: Session) -> Grid:
    """`info requests`."""
    return table(session, "requests")
