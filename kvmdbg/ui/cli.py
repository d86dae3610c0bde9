"""The command line of the program: which face, which files, which exit code.

Exit codes: 0 everything held, 1 an expectation or a case failed, 2 wrong usage or a file that cannot be read, 130 interrupted.
Nothing heavy is imported before a command is known: `--help` loads no machine, `run` and `check` load no screen library.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, NoReturn

from kvmdbg import __version__
from kvmdbg.errors import ModelBug, UserError

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 128 + signal.SIGINT
PIPE_CLOSED: Final = 141            # 128 + SIGPIPE, as a program that the signal ends

HELP: Final = """\
usage: kvmdbg [COMMAND] [FILE...] [OPTION...]

gdb for the part of Linux KVM that nobody can watch: a model of KVM's TLB flushing, stepped forwards and backwards.

  kvmdbg [tui] [FILE]                        the terminal program; without a FILE a short tour
  kvmdbg repl [FILE]                         the same engine at a prompt
  kvmdbg run FILE... [-k K] [-ex CMD]...     replay without a screen, on each kernel that FILE names, or on K
  kvmdbg compare FILE [-k K]...              one session on several kernels, side by side
  kvmdbg check CASES.yaml...                 run conformance cases, one line each
  kvmdbg kernels [WHAT]                      the kernels and commits it knows, with sources; one in full
  kvmdbg --version | --help

  kvmdbg COMMAND --help says more.  A FILE is a session (*.kvmdbg): commands of the debugger, one a line; "-" is standard input.
  K is a kernel: a release such as v4.4, mainline as of a commit (eeeb4f67a6cd) or just before it (eeeb4f67a6cd^), or either
  without a commit ("v6.12 -2b4a5a5d5688") or with one ("v4.3 +HASH").
  run, compare, check and kernels take --json: one object a line.

exit codes: 0 all is well, 1 an expectation or a case failed, 2 wrong usage or an unreadable file, 130 interrupted
environment: NO_COLOR (no colours at all), KVMDBG_THEME (dark, light, high-contrast, okabe-ito), KVMDBG_HISTORY (file of the
typed lines, empty for none)
"""


class Parser(argparse.ArgumentParser):
    """argparse, with errors of one line."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{self.prog}: {message}", f"Try \"{self.prog} --help\".")


class Command(NamedTuple):
    """One command of the program.  options: adds its arguments.  call: module and function that carry it out."""

    summary: str
    options: Callable[[Parser], None]
    call: str


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program.  argv: arguments without the program's name; default those of the process.  Returns the exit code."""
    try:
        return dispatch(list(sys.argv[1:] if argv is None else argv))
    except (UserError, ModelBug) as wrong:
        complain(str(wrong))
        return USAGE if isinstance(wrong, UserError) else FAILED
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        forget_output()
        return PIPE_CLOSED


def dispatch(arguments: list[str]) -> int:
    """Find the command and carry it out.  raises: UserError for wrong usage."""
    first = arguments[0] if arguments else ""
    if first in ("-h", "--help", "help"):
        return say(HELP)
    if first in ("-V", "--version"):
        return say(f"kvmdbg {__version__}\n")
    if first in LATER:
        raise UserError(f"kvmdbg {first}: not in this version", f"{LATER[first]} Try \"kvmdbg --help\".")
    if first in COMMANDS:
        name, rest = first, arguments[1:]
    else:
        name, rest = "tui", arguments
        refuse_a_mistyped_command(first)
    command = COMMANDS[name]
    parser = Parser(prog=f"kvmdbg {name}", description=command.summary, allow_abbrev=False)
    command.options(parser)
    return carried_out(command.call, parser.parse_intermixed_args(rest))


def carried_out(call: str, options: argparse.Namespace) -> int:
    """Import the function that a command names, and call it."""
    import importlib  # not at the top: --help and --version have no need of it

    module, _, function = call.partition(":")
    carry_out = getattr(importlib.import_module(module), function)
    gc.freeze()                      # what was imported stays to the end: the collector need not look through it again and again
    code = carry_out(options)
    sys.stdout.flush()
    return int(code)


def say(text: str) -> int:
    sys.stdout.write(text)
    sys.stdout.flush()
    return OK


def complain(message: str) -> None:
    """One line on standard error, that names the program."""
    text = message if message.startswith("kvmdbg") else f"kvmdbg: {message}"
    try:
        sys.stderr.write(text.rstrip("\n") + "\n")
        sys.stderr.flush()
    except BrokenPipeError:
        forget_output()


def forget_output() -> None:
    """Nobody reads on: keep Python from complaining about it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def refuse_a_mistyped_command(word: str) -> None:
    """A first word that is no file may be a command with a typing error.  raises: UserError that says which."""
    if not word or word.startswith("-") or os.path.exists(word) or os.sep in word or "." in word:
        return
    import difflib  # needed for a mistake only

    close = difflib.get_close_matches(word, [*COMMANDS, *LATER], 1)
    hint = f"Did you mean \"kvmdbg {close[0]}\"?" if close else "Try \"kvmdbg --help\"."
    raise UserError(f"{word}: no such file, and no command of kvmdbg", hint)


# -- arguments ------------------------------------------------------------------------------------------------------


def _kernel(parser: Parser) -> None:
    parser.add_argument("-k", "--kernel", metavar="KERNEL", help="run on this kernel, whatever the file says")


def _commands(parser: Parser) -> None:
    parser.add_argument("-ex", metavar="CMD", action="append", default=[], help="a command to run after the files; may be repeated")


def _json(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help='print JSON lines, {"schema": "kvmdbg/1", ...}')


def _session(parser: Parser) -> None:
    parser.add_argument("file", metavar="FILE", nargs="?", help="a session to play first")
    _kernel(parser)
    _commands(parser)


def _run(parser: Parser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="*",
                        help="sessions to play, each on a machine of its own; - is standard input")
    _kernel(parser)
    _commands(parser)
    _json(parser)


def _compare(parser: Parser) -> None:
    parser.add_argument("file", metavar="FILE", help="the session; - is standard input")
    parser.add_argument("-k", "--kernel", metavar="KERNEL", action="append", default=[], dest="kernels",
                        help="a kernel; as many as there are columns; default: those that FILE names")
    parser.add_argument("--from", metavar="PLACE", default="", dest="start", help="count from this bookmark of the session on")
    parser.add_argument("--to", metavar="PLACE", default="", dest="stop", help="count up to this bookmark")
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[],
                        help="give the session's variable $NAME a value first; may be repeated")
    _json(parser)


def _kernels(parser: Parser) -> None:
    parser.add_argument("what", metavar="WHAT", nargs="*", help="a commit, or a kernel: that one in full")
    _json(parser)


def _check(parser: Parser) -> None:
    parser.add_argument("files", metavar="CASES", nargs="+", help="YAML files of cases")
    parser.add_argument("--case", metavar="ID", help="this case only")
    parser.add_argument("--script", action="store_true", help="print the cases as sessions instead of running them")
    _json(parser)


COMMANDS: Final = {
    "tui": Command("The terminal program: panes, keys and a command line. Without a FILE it opens a short tour.", _session,
                   "kvmdbg.ui.interactive:tui"),
    "repl": Command("The debugger at a prompt. When standard input is no terminal, its lines are run like a file.", _session,
                    "kvmdbg.ui.interactive:repl"),
    "run": Command("Replay sessions without a screen: exit 0 when every `expect` holds, 1 when one fails.", _run,
                   "kvmdbg.ui.run:run"),
    "compare": Command("The same session on several kernels: flushes, dropped entries, requests, exits.", _compare,
                       "kvmdbg.ui.compare:compare"),
    "check": Command("Run conformance cases: a line each, exit 0 only when all passed.", _check, "kvmdbg.ui.check:check"),
    "kernels": Command("The kernels and commits that are modelled, with their sources.", _kernels,
                       "kvmdbg.ui.kernels:kernels"),
}
LATER: Final = {
    "agree": "It will compare the model with what a real kernel recorded.",
    "explore": "It will search interleavings.",
    "lesson": "It will run lessons.",
    "serve": "It will serve the terminal program to a browser.",
    "trace": "It will open traces of real kernels.",
    "export": "It will write handouts and recordings.",
    "dap": "It will speak the debug adapter protocol.",
}



if __name__ == "__main__":
    sys.exit(main())
