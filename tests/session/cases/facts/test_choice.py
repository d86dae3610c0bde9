"""Any of several outcomes."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.fact import check


def test_one_of_them_is_enough() -> None:
    (step,) = observe("L1: vmread field=~0")
    assert check(step, "outcome_one_of", ["VMsucceed", "VMfailValid"]) == ""
    assert check(step, "outcome_one_of", ["fault", "VMsucceed"]) == "VMfailValid, error 12"
    with pytest.raises(Unsupported):
        check(step, "outcome_one_of", ["VMsucceed", "glory"])
