"""expect: an assertion."""

from __future__ import annotations

import re

from kvmdbg.errors import ExpectationFailed
from kvmdbg.machine.eras import versions
from kvmdbg.session import expr
from kvmdbg.session.operands import Words
from kvmdbg.session.parse import command
from kvmdbg.session.session import Session

_ON = re.compile(r"on\s+([^:]+?)\s*:\s*(.*)$", re.DOTALL)


@command("expect", group="session", aliases=("assert",),
         examples=("expect vcpu0.vpid02 == 2",
                   'expect on v4.3, v4.4: count("flush:invvpid") == 3', 'expect tlb[vpid==2].count == 0'))
def expect(s: Session, condition: Words) -> None:
    """Check that an expression is true; `kvmdbg run` reports each one that is not, and exits with 1.

    `on v4.3, v4.4:` in front makes it count on those kernels only.
    """
    match = _ON.match(condition)
    kernels = [part.strip() for part in match.group(1).split(",")] if match else []
    text = match.group(2) if match else condition
    expr.parse(text)
    wanted = [versions.kernel(kernel).name for kernel in kernels]
    if kernels and s.kernel not in wanted:
        return
    if not expr.evaluate(text, s.scope()):
        where = f" on {s.kernel}" if kernels else ""
        raise ExpectationFailed(f"expected{where} {text}: {expr.explain(text, s.scope())}")
