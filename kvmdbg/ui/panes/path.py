"""Path: the calls that led to the cursor, with their places.  Enter selects a function, as `frame` does."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.session.commands.backtrace import backtrace
from kvmdbg.session.grid import Grid
from kvmdbg.session.session import Session
from kvmdbg.ui.panes import pane


@pane("path", title="Path", key="7", size="narrow", choose=lambda row: f"frame {row.key}")
def path(session: Session) -> Grid:
    """`backtrace`, innermost first."""
    try:
        found = backtrace(session)
    except UserError as wrong:
        return Grid("Path", (), (), str(wrong))
    return Grid("Path", found.columns, found.rows, found.note)
