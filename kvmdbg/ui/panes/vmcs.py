"""VMCS: vmcs01, vmcs12 and vmcs02 side by side; `d` leaves only the fields that differ."""

from __future__ import annotations

from kvmdbg.session.grid import Grid
from kvmdbg.session.session import Session
from kvmdbg.ui.panes import pane, table

ALL = ""
DIFFERING = "diff"


@pane("vmcs", title="VMCS 01|12|02", key="4", size="wide", report="vmcs", options=(ALL, DIFFERING))
def vmcs(session: Session, argument: str = ALL) -> Grid:
    """`info vmcs`, or `info vmcs diff`."""
    return table(session, "vmcs", argument)
