"""Starting the terminal program: is this a terminal for it, where does it open, and its exit code."""

from __future__ import annotations

import os
import sys

from kvmdbg.session.results import Text
from kvmdbg.session.session import Session
from kvmdbg.ui.promptkit import history_path
from kvmdbg.ui.themes import DARK, PALETTES
from kvmdbg.ui.tui.app import KvmdbgApp, Prompt


def why_not() -> str:
    """Why the terminal cannot show the program; "" when it can."""
    if not sys.stdin.isatty():
        return "standard input is not a terminal"
    if not sys.stderr.isatty() or not sys.stdout.isatty():
        return "standard output or standard error is not a terminal"
    if os.environ.get("TERM", "") in ("", "dumb", "unknown"):
        return f"TERM={os.environ.get('TERM', '')!r} cannot move the cursor"
    return ""


def open_at_start(session: Session) -> None:
    """Stand at #0 with what a script did ahead on the tape.

    Where the script stopped on purpose before the end of the tape (the tour does), or an expectation failed, stay there.
    """
    end = session.tape.end
    if end and session.tape.cursor == end and not session.failures:
        session.execute("goto start")
        session.stop_position_before = 0
        session.say("", Text(f"#0 of {end}: s steps, c continues, : takes a command, ? shows the keys.", "note"))


def run_tui(session: Session, name: str = "", prompt: Prompt | None = None) -> int:
    """Show the session until the person leaves.  The exit code: 2 with a message when this is no fit terminal.

    name: the script that the session came from.  prompt: a coroutine function for F8, which prompts over the session.
    """
    wrong = why_not()
    if wrong:
        print(f"kvmdbg tui: {wrong}; use `kvmdbg repl` or `kvmdbg run FILE`", file=sys.stderr)
        return 2
    session.interactive = True
    open_at_start(session)
    palette = PALETTES.get(os.environ.get("KVMDBG_THEME", ""), DARK)
    app = KvmdbgApp(session, name, palette=palette, colour="NO_COLOR" not in os.environ, history=history_path(), prompt=prompt)
    app.run()
    return app.return_code or 0
