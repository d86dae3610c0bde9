"""The SMM handler as an actor."""

from __future__ import annotations

import pytest

from casework import harness, operation, verdict
from kvmdbg.errors import Unsupported, UserError
from kvmdbg.session.cases.operations.smm import smm


def test_an_smi_in_l2_and_back() -> None:
    found = verdict("L1: enter L2", "host: inject SMI", "SMM: handler; rsm", "L2: goes on",
                    given={"caps": {"smm": True}},
                    expect=[{"step": 2, "outcome": "entered", "mode": "SMM, not guest mode"}, {"step": 3, "mode": "L2"},
                            {"step": 4, "outcome": "runs"}])
    assert (found.status, found.reason) == ("ok", "")


def test_an_smi_in_l1_and_back() -> None:
    found = verdict("host: inject SMI", "SMM: rsm", "L1: goes on",
                    expect=[{"step": 1, "mode": "SMM"}, {"step": 2, "mode": "L1"}, {"step": 3, "outcome": "runs"}])
    assert (found.status, found.reason) == ("ok", "")


def test_the_handler_acts_in_smm_only() -> None:
    with pytest.raises(UserError, match="not in system-management mode"):
        smm(harness(), *operation("SMM: rsm"))


def test_other_forms_are_unsupported() -> None:
    with pytest.raises(Unsupported):
        smm(harness(), *operation("SMM: handler twice"))
