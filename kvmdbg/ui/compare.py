"""`kvmdbg compare`: one session on several kernels, a table or an object a kernel."""

from __future__ import annotations

from argparse import Namespace

from kvmdbg.errors import UserError
from kvmdbg.machine.eras.versions import several
from kvmdbg.session.compare import compare as on_each
from kvmdbg.session.compare import side_by_side
from kvmdbg.session.script import kernels_of
from kvmdbg.ui.console import FAILED, OK, out, tell
from kvmdbg.ui.files import name_of, read_text
from kvmdbg.ui.plain import json_line, text_of
from kvmdbg.ui.run import new_session


def refuse(name: str) -> str:
    """raises: UserError."""
    raise UserError(f"{name} names no kernels", "Give -k KERNEL for each column, or begin the session with `kernels`.")


def compare(options: Namespace) -> int:
    """Play the file on each kernel of the command line, or on those that it names itself.

    raises: UserError for a file that cannot be read or an unknown kernel, before anything has run.
    """
    name, text = name_of(options.file), read_text(options.file)
    kernels = options.kernels or several(kernels_of(text) or refuse(name))
    accounts = on_each(name, text, kernels, new_session)
    if options.json:
        for account in accounts:
            out(json_line("account", **account.as_data()))
    else:
        out(text_of(side_by_side(accounts)))
    for account in accounts:
        for failure in account.failures:
            tell(f"{failure} (on {account.kernel})")
    return FAILED if any(account.failures for account in accounts) else OK
