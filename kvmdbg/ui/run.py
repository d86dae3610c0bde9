"""`kvmdbg run`: sessions are played without a screen."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import Final

from kvmdbg.errors import ScriptError, UserError
from kvmdbg.machine.eras.versions import several
from kvmdbg.session.parse import head, resolve
from kvmdbg.session.results import Result
from kvmdbg.session.script import Line, Unfinished, kernels_of
from kvmdbg.session.session import Session
from kvmdbg.ui.console import FAILED, OK, USAGE, out, tell
from kvmdbg.ui.files import name_of, read_text
from kvmdbg.ui.plain import json_line, json_lines, text_of

ON_COMMAND_LINE: Final = "-ex"          # how messages call the script that -ex makes


def new_session(kernel: str | None, interactive: bool = False) -> Session:
    """A session on the kernel of the command line, which a script cannot change; or on the newest.

    raises: UserError for a kernel that is not known.
    """
    if kernel is None:
        return Session(interactive=interactive, read_file=read_text)
    return Session(kernel, interactive=interactive, kernel_wins=True, read_file=read_text)


def run(options: Namespace) -> int:
    """Play files, each on a machine of its own (on each kernel that it names), and the commands of -ex after each.

    raises: UserError for a file that cannot be read or an unknown kernel, before anything has run.
    """
    if not options.files and not options.ex:
        raise UserError("kvmdbg run: nothing to run", "Give a FILE, - for standard input, or -ex CMD.")
    scripts = [(name_of(file), read_text(file)) for file in options.files]
    codes = [Replay(kernel, options.json).play([script, *on_command_line(options.ex)])
             for script in scripts for kernel in kernels_for(options.kernel, script[1])]
    if not scripts:
        codes.append(Replay(options.kernel, options.json).play(on_command_line(options.ex)))
    return max(codes)


def kernels_for(chosen: str | None, text: str) -> tuple[str | None, ...]:
    """Where a script is played: on the kernel of the command line, else on each that it names, else as it says itself.

    raises: UserError for a kernel that is not known.
    """
    named = kernels_of(text)
    return several(named) if named and chosen is None else (chosen,)


def on_command_line(commands: Sequence[str]) -> list[tuple[str, str]]:
    return [(ON_COMMAND_LINE, "\n".join(commands))] if commands else []


def says(session: Session, line: Line, command: str) -> bool:
    """Was that line, which has just run, this command? Lines inside a block are not commands of the script."""
    if session.open_block:
        return False
    try:
        return resolve(head(line.text)[0], session.defined) == command
    except UserError:
        return False


class Replay:
    """One session that is played and printed."""

    def __init__(self, kernel: str | None, json: bool) -> None:
        self.session = new_session(kernel)
        self.json = json
        self.held = 0            # `expect` lines that held
        self.failed = 0          # those that did not

    def play(self, scripts: Sequence[tuple[str, str]]) -> int:
        """Play scripts one after the other, up to the first that cannot go on or quits; the exit code."""
        code: int | None = None
        for name, text in scripts:
            code = self.played(name, text)
            if code is not None:
                break
        code = max(code or OK, FAILED if self.failed else OK)
        self.finish(scripts[0][0], code)
        return code

    def played(self, name: str, text: str) -> int | None:
        """The exit code when the session is over: it quit, or a line failed."""
        try:
            return self.session.run_script(name, text, lambda line, result: self.show(name, line, result), self.missed).code
        except ScriptError as wrong:
            self.complain(wrong)
            return USAGE if isinstance(wrong.cause, Unfinished) else FAILED

    def show(self, name: str, line: Line, result: Result) -> None:
        """Print what a line of a script said."""
        self.held += says(self.session, line, "expect")
        if not self.json:
            out(text_of(result))
            return
        for text in json_lines(result, script=name, line=line.number, command=line.text):
            out(text)

    def missed(self, failure: ScriptError) -> None:
        """An expectation does not hold."""
        self.failed += 1
        self.complain(failure)

    def complain(self, wrong: ScriptError) -> None:
        if self.json:
            out(json_line("error", script=wrong.file, line=wrong.line, message=str(wrong.cause)))
        tell(wrong)

    def finish(self, name: str, code: int) -> None:
        """The last line: how many expectations held, on which kernel, where it ended."""
        session = self.session
        where = {"kernel": session.kernel, "position": session.tape.cursor, "digest": session.tape.digest()}
        if self.json:
            out(json_line("end", script=name, **where, held=self.held, failed=self.failed, exit=code))
        elif self.held or self.failed:
            expectations = "1 expectation" if self.held == 1 else f"{self.held} expectations"
            failed = f", {self.failed} failed" if self.failed else ""
            out(f"{name}: {expectations} held{failed} on {session.kernel}; digest {where['digest']} at #{where['position']}")
