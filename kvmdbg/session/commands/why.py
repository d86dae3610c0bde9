"""why: chains of causes, and decisions that said no."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from kvmdbg.session import causes
from kvmdbg.session.operands import LineOperand, complete_expression
from kvmdbg.session.parse import Candidate, command, matching
from kvmdbg.session.results import Many
from kvmdbg.session.session import Session


class CauseOperand(LineOperand):
    def __init__(self) -> None:
        super().__init__("WHAT", "a row of `info tlb`, a page such as L2 0x800000, tlb[...], a request, a field, not flush")

    def complete(self, session: Session, text: str) -> Iterable[Candidate]:
        return [*matching(causes.names(session), text), *(complete_expression(session, text) if len(text) > 1 else ())]


What = Annotated[str, CauseOperand()]


@command("why", group="data", recorded=False,
         examples=("why tlb 3", "why L2 0x800000", "why tlb[vpid==2 and page==0x800000]", "why TLB_FLUSH_GUEST",
                   "why vmcs02.EPT_POINTER", "why vcpu.last_vpid", "why not flush", "why not flush tlb 3", "why not flush vpid02"))
def why(s: Session, what: What) -> Many:
    """Show the chain of causes of a cached translation, a request or a field, newest first, each link with its source.

    A translation: its row in `info tlb` (from 1 on), its page (L1, L2 or ept12 and an address), or a filter.  Any other
    expression is explained by the last write to what it reads.  `why not flush`: the decisions since a translation became
    stale that could have flushed it and did not, for one that is named, for a context (L2, vpid02, vpid 2, ep4ta 10001c), or
    for every one that is not fresh; of a forbidden one the flush that was owed comes first.
    """
    refused, rest = causes.parts(what)
    return Many(tuple(causes.why_not(s, rest) if refused else causes.why(s, rest)))
