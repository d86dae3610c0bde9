"""quit: leave."""

from __future__ import annotations

from kvmdbg.session.operands import Number
from kvmdbg.session.parse import command
from kvmdbg.session.results import Quit
from kvmdbg.session.session import Session


@command("quit", group="support", aliases=("q", "exit"), examples=("quit", "quit 3"), recorded=False)
def quit_(s: Session, code: Number = 0) -> Quit:
    """Leave kvmdbg, with an exit code."""
    return Quit(code & 0xFF)
