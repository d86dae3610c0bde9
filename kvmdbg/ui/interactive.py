"""Opening the faces for a person at a terminal: `kvmdbg tui`, `kvmdbg repl`."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from pathlib import Path
from typing import Final

from kvmdbg.errors import ScriptError, UserError
from kvmdbg.session.results import Result
from kvmdbg.session.script import Line
from kvmdbg.session.session import Session
from kvmdbg.ui import run
from kvmdbg.ui.console import tell
from kvmdbg.ui.files import name_of, read_text
from kvmdbg.ui.plain import text_of

TOUR: Final = Path(__file__).with_name("tour.kvmdbg")
TOUR_NAME: Final = "the tour"


def tui(options: Namespace) -> int:
    """Open the terminal program on a file, or on the tour.

    raises: UserError when there is no terminal that can show it.
    """
    from kvmdbg.ui.repl import prompt_loop
    from kvmdbg.ui.tui.start import run_tui, why_not

    if wrong := why_not():
        raise UserError(f"kvmdbg tui: {wrong}", "Use \"kvmdbg run FILE\" or \"kvmdbg repl\".")
    session = run.new_session(options.kernel, interactive=True)
    for failure in opened(session, options, default=str(TOUR)):
        session.say("", failure)
    return run_tui(session, name_of(options.file or TOUR_NAME), prompt_loop)


def repl(options: Namespace) -> int:
    """Open the prompt; without a terminal run standard input as a script."""
    if not sys.stdin.isatty():
        files = [*([options.file] if options.file else []), "-"]
        return run.run(Namespace(files=files, kernel=options.kernel, ex=options.ex, json=False))
    session = run.new_session(options.kernel, interactive=True)
    for failure in opened(session, options, show=True):
        tell(failure)
    from kvmdbg.ui.repl import prompt_loop

    return asyncio.run(prompt_loop(session))


def opened(session: Session, options: Namespace, default: str = "", show: bool = False) -> list[UserError]:
    """Play the file and -ex into a session that a person will go on with; what went wrong, in order.

    raises: UserError for a file that cannot be read.
    """
    file = options.file or default
    scripts = [(name_of(file), read_text(file))] if file else []
    failures: list[UserError] = []

    def each(line: Line, result: Result) -> None:
        session.say("" if run.says(session, line, "echo") else line.text, result)
        if show and (text := text_of(result)):
            print(text)

    for name, text in [*scripts, *run.on_command_line(options.ex)]:
        try:
            session.run_script(name, text, each, failures.append)
        except ScriptError as wrong:
            failures.append(wrong)
            break
    return failures
