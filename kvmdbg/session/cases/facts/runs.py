"""`runs`, `no_fault`: every operation of the step completes in its own context, without an exit to L1."""

from __future__ import annotations

from kvmdbg.session.cases.fact import Observed, outcome
from kvmdbg.session.cases.seen import RUNS, SUCCEED


@outcome("runs")
def runs(observed: Observed) -> str:
    """No fault, no exit to L1; an exit that L0 handles by itself is nobody's business."""
    stopped = [one for one in observed.operations if one.seen.kind not in (RUNS, SUCCEED)]
    if stopped:
        return f"{stopped[0].word}: {stopped[0].seen}"
    return "" if observed.operations else str(observed.seen)


@outcome("no_fault")
def no_fault(observed: Observed) -> str:
    """The same, said of an instruction that might fault."""
    return runs(observed)
