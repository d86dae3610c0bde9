"""TLB: the cached translations, grouped by VPID; what is about to go and what is new carry marks."""

from __future__ import annotations

from kvmdbg.session.grid import Grid
from kvmdbg.session.session import Session
from kvmdbg.ui.panes import pane, table


@pane("tlb", title="TLB", key="3", size="wide", report="tlb")
def tlb(session: Session) -> Grid:
    """`info tlb`."""
    return table(session, "tlb")
