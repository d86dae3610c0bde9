"""kernels: the kernels that a script is about."""

from __future__ import annotations

from typing import Annotated

from kvmdbg.errors import UserError
from kvmdbg.machine.eras import versions
from kvmdbg.session.operands import KernelsOperand
from kvmdbg.session.parse import command
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session

KernelNames = Annotated[str, KernelsOperand()]


@command("kernels", group="machine", examples=("kernels v4.3 v4.4 | v6.12 -2b4a5a5d5688",), recorded=False)
def kernels(s: Session, names: KernelNames) -> Text | None:
    """Say, in the first line of a script, which kernels it is about: what it expects has been seen on each of them.

    `kvmdbg run` plays the script on each, `compare` shows them side by side; a session with a prompt begins on the first.
    A kernel given on the command line wins.
    """
    known = versions.several(names)
    if s.tape.end or s.origin:
        raise UserError(f"`kernels` comes too late: the machine {'was loaded' if s.origin else 'has run'} already",
                        "Begin the script with it.")
    if s.kernel_wins:
        return None
    s.begin(known[0], s.kvm.config, s.caps)
    return Text(f"kernel {known[0]}; the script is also about {', '.join(known[1:])}" if known[1:] else f"kernel {known[0]}")
