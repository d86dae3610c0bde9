"""expect: an assertion."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Final

from kvmdbg.errors import ExpectationFailed
from kvmdbg.machine.eras import versions
from kvmdbg.machine.eras.commit import COMMITS
from kvmdbg.oracle.verdict import STATUSES
from kvmdbg.session import expectations, expr
from kvmdbg.session.operands import LineOperand, complete_expression
from kvmdbg.session.parse import Candidate, command, matching
from kvmdbg.session.session import Session

CLAUSES: Final = ("on", "with", "without")
WORDS: Final = (*CLAUSES, *STATUSES, "flushes")
_WHERE: Final = re.compile(r"((?:on|with|without)\s+[^:]+?)\s*:\s*(.*)$", re.DOTALL)
_CLAUSE: Final = re.compile(r"(?:^|\s)(on|with|without)\s")


class ConditionOperand(LineOperand):
    """Where it counts, up to a colon, then what is to be true."""

    def __init__(self) -> None:
        super().__init__("CONDITION", "an expression or a verdict; in front of it, up to a colon, where it counts")

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        where, colon, inner = text.partition(":")
        if not _CLAUSE.match(text):
            return [*matching(WORDS, text), *complete_expression(session, text)]
        if colon:
            blanks = len(where) + 1 + len(inner) - len(inner.lstrip())
            return [one._replace(start=one.start + blanks) for one in self.complete(session, inner.lstrip())]
        clause, last = _CLAUSE.findall(text)[-1], re.split(r"[,\s]+", text)[-1]
        named = {one.name: one.date for one in versions.VERSIONS} if clause == "on" else {one.hash: one.subject for one in COMMITS}
        named |= {word: "" for word in CLAUSES if last}
        return [one._replace(start=len(text) - len(last)) for one in matching(named, last, named.__getitem__)]


Condition = Annotated[str, ConditionOperand()]


@command("expect", group="session", aliases=("assert",),
         examples=("expect vcpu0.vpid02 == 2",
                   'expect on v4.3, v4.4: count("flush:invvpid") == 3', "expect without 5c614b3583e7: vcpu.vpid02 == 0",
                   'expect tlb[vpid==2].count == 0', "expect stale L2 0x800000",
                   "expect flushes invvpid:single-context == 3 since enter-A"))
def expect(s: Session, condition: Condition) -> None:
    """Check that an expression is true; `kvmdbg run` reports each one that is not, and exits with 1.

    `on v4.3, v4.4:` in front makes it count on those kernels only; `with HASH:` and `without HASH:` on those that have, or
    lack, all of these commits, however the kernel is named.  Besides expressions it understands

      fresh|stale|forbidden L1|L2 ADDRESS    the verdict on what that level would hit for a linear address with its present tags
      fresh|stale|forbidden ept12 ADDRESS    the same for the guest-physical mapping of an L2 guest-physical address
      flushes [SPEC] == N [since PLACE]      how many flushes there were; SPEC as behind `break flush:`; also != < <= > >=
      flushes excess [SPEC] == N             those that dropped fresh entries only, none of which had to go
    """
    match = _WHERE.match(condition)
    text = match.group(2) if match else condition
    if not expectations.is_one(text):
        expr.parse(text)
    if match and not counts(s, match.group(1)):
        return
    where = f"on {s.kernel} " if match else ""
    if expectations.is_one(text):
        expectations.check(s, text, where)
    elif not expr.evaluate(text, s.scope()):
        raise ExpectationFailed(f"expected {where}{text}: {expr.explain(text, s.scope())}")


def counts(s: Session, text: str) -> bool:
    """Is the session's kernel one that `on v4.3, v4.4 with HASH without HASH` means?  raises: UserError for an unknown one."""
    parts = _CLAUSE.split(text)[1:]
    means = True
    for word, names in zip(parts[::2], parts[1::2], strict=True):
        listed = [name.strip() for name in names.split(",")]
        if word == "on":
            means &= s.kernel in [versions.kernel(name).name for name in listed]
        else:
            lacked = {versions.commit_named(name) in versions.missing_from(s.kernel) for name in listed}
            means &= lacked == {word == "without"}
    return means
