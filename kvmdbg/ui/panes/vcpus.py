"""vCPUs: who runs, at which level, under which tags.  Enter switches to the selected one."""

from __future__ import annotations

from kvmdbg.session.grid import Grid
from kvmdbg.session.session import Session
from kvmdbg.ui.panes import pane, table


@pane("vcpus", title="vCPUs", key="1", size="narrow", details=True, report="vcpus", choose=lambda row: f"vcpu {row.key}")
def vcpus(session: Session) -> Grid:
    """`info vcpus`."""
    return table(session, "vcpus")
