"""`outcome_one_of`: any of these outcomes is accepted."""

from __future__ import annotations

from kvmdbg.session.cases.fact import Observed, check_outcome, key
from kvmdbg.session.cases.model import Value


@key("outcome_one_of")
def outcome_one_of(observed: Observed, wanted: Value) -> str:
    """raises: Unsupported when one of them is no outcome that can be compared."""
    wrong = [check_outcome(observed, str(one)) for one in wanted]
    return "" if "" in wrong else wrong[0]
