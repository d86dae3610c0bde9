"""`entered`, `entry_failure`, `controls_ok`: how VMLAUNCH or VMRESUME by L1 ended."""

from __future__ import annotations

from typing import Final

from kvmdbg.session.cases.fact import Observed, kind_is, outcome
from kvmdbg.session.cases.seen import ENTERED, ENTRY_FAILURE, EXIT, SMM

PAST_THE_CHECKS: Final = (0x8000_0021, 0x8000_0022)      # bad guest state; an MSR of the load area that cannot be loaded


@outcome("entered")
def entered(observed: Observed) -> str:
    """L2 runs; or it has run already and made an exit, which is an entry no less.  After an SMI: its handler runs."""
    return kind_is(observed, ENTERED, EXIT, SMM)


@outcome("entry_failure")
def entry_failure(observed: Observed) -> str:
    """An exit whose reason has bit 31."""
    return kind_is(observed, ENTRY_FAILURE)


@outcome("controls_ok")
def controls_ok(observed: Observed) -> str:
    """Controls and host state passed; the guest state is bad on purpose, so the entry fails after them.

    Where L1 gives an MSR-load area, memory that holds no MSRs may fail it first; kvm-unit-tests takes either.
    """
    wrong = kind_is(observed, ENTRY_FAILURE)
    return wrong or ("" if observed.seen.exit_reason in PAST_THE_CHECKS else str(observed.seen))
