"""A level goes on where it was."""

from __future__ import annotations

import pytest

from casework import harness, operation
from kvmdbg.errors import Unsupported, UserError
from kvmdbg.session.cases.operations.goes_on import goes_on


def test_the_level_that_runs_goes_on() -> None:
    h = harness()
    rip = h.kvm.cpu(h.vcpu).rip
    goes_on(h, *operation("L1: goes on"))
    assert h.kvm.cpu(h.vcpu).rip > rip


def test_another_level_is_not_brought_to_run() -> None:
    with pytest.raises(UserError, match="L2 does not go on: L1 runs"):
        goes_on(harness(), *operation("L2: goes on"))


def test_other_words_are_unsupported() -> None:
    with pytest.raises(Unsupported):
        goes_on(harness(), *operation("L1: goes away"))
