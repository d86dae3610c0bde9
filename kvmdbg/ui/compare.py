"""`kvmdbg compare`: one session on several kernels, a table or an object a kernel."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace

from kvmdbg.errors import UserError
from kvmdbg.machine.eras.versions import several
from kvmdbg.session.compare import Account, interval_grid, side_by_side
from kvmdbg.session.compare import compare as on_each
from kvmdbg.session.estimate import estimate
from kvmdbg.session.grid import Grid
from kvmdbg.session.script import kernels_of
from kvmdbg.session.session import Session
from kvmdbg.ui.console import FAILED, OK, out, screen_width, tell
from kvmdbg.ui.files import name_of, read_text
from kvmdbg.ui.plain import json_line, json_lines, text_of
from kvmdbg.ui.run import new_session


def refuse(name: str) -> str:
    """raises: UserError."""
    raise UserError(f"{name} names no kernels", "Give -k KERNEL for each column, or begin the session with `kernels`.")


def compare(options: Namespace) -> int:
    """Play the file on each kernel of the command line, or on those that it names itself.

    raises: UserError for a file that cannot be read, an unknown kernel or a variable that is none, before anything has run.
    """
    name, text = name_of(options.file), read_text(options.file)
    kernels = options.kernels or several(kernels_of(text) or refuse(name))
    words = [assignment(one) for one in options.set]

    def start(kernel: str) -> Session:
        """A session on a kernel that knows the variables of the command line."""
        session = new_session(kernel)
        for word in words:
            session.execute(word)
        return session

    accounts = on_each(name, text, kernels, start, (options.start, options.stop))
    if options.json:
        for account in accounts:
            out(json_line("account", **account.as_data()))
        for grid in estimate(accounts):
            out("\n".join(json_lines(grid)))
    else:
        for grid in tables(accounts):
            out(text_of(grid, screen_width()))
    for account in accounts:
        for failure in account.failures:
            tell(f"{failure} (on {account.kernel})")
    return FAILED if any(account.failures for account in accounts) else OK


def assignment(text: str) -> str:
    """`NAME=VALUE` as a word of the debugger.  raises: UserError."""
    name, equals, value = text.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z]\w*", name) or not value:
        raise UserError(f"--set {text}: no NAME=VALUE", "Write, say, --set between=16.")
    return f"set ${name} = {value}"


def tables(accounts: Sequence[Account]) -> list[Grid]:
    """What is printed: everything side by side, the script's intervals, and the estimate where it has published figures."""
    found = [side_by_side(accounts)]
    if any(account.intervals for account in accounts):
        found += [replace(one, title=f"\n{one.title}") for one in (interval_grid(accounts), *estimate(accounts))]
    return found
