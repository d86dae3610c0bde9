"""expect: an assertion."""

from __future__ import annotations

import re

from kvmdbg.errors import ExpectationFailed
from kvmdbg.machine.eras import versions
from kvmdbg.session import expectations, expr
from kvmdbg.session.operands import Words
from kvmdbg.session.parse import command
from kvmdbg.session.session import Session

_ON = re.compile(r"on\s+([^:]+?)\s*:\s*(.*)$", re.DOTALL)


@command("expect", group="session", aliases=("assert",),
         examples=("expect vcpu0.vpid02 == 2",
                   'expect on v4.3, v4.4: count("flush:invvpid") == 3', 'expect tlb[vpid==2].count == 0',
                   "expect stale L2 0x800000", "expect flushes invvpid:single-context == 3 since enter-A"))
def expect(s: Session, condition: Words) -> None:
    """Check that an expression is true; `kvmdbg run` reports each one that is not, and exits with 1.

    `on v4.3, v4.4:` in front makes it count on those kernels only.  Besides expressions it understands

      fresh|stale|forbidden L1|L2 ADDRESS    the verdict on what that level would hit for a linear address with its present tags
      fresh|stale|forbidden ept12 ADDRESS    the same for the guest-physical mapping of an L2 guest-physical address
      flushes [SPEC] == N [since PLACE]      how many flushes there were; SPEC as behind `break flush:`; also != < <= > >=
    """
    match = _ON.match(condition)
    kernels = [part.strip() for part in match.group(1).split(",")] if match else []
    text = match.group(2) if match else condition
    if not expectations.is_one(text):
        expr.parse(text)
    wanted = [versions.kernel(kernel).name for kernel in kernels]
    if kernels and s.kernel not in wanted:
        return
    where = f"on {s.kernel} " if kernels else ""
    if expectations.is_one(text):
        expectations.check(s, text, where)
    elif not expr.evaluate(text, s.scope()):
        raise ExpectationFailed(f"expected {where}{text}: {expr.explain(text, s.scope())}")
