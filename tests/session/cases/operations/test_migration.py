"""User space moves the vCPU into a new VM."""

from __future__ import annotations

import pytest

from casework import harness, operation, said, verdict
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.operations.migration import migrate


def test_an_nmi_for_l1_meets_a_restored_l2() -> None:
    found = verdict("L0.user: save/restore while in L2; set_events nmi pending; run", "L1: vmresume", "L2: goes on",
                    given={"vmcs12": {"nmi_exiting": True}},
                    expect=[{"step": 1, "outcome": "vmexit", "reason": 0, "vector": 2}, {"step": 2, "outcome": "entered"},
                            {"step": 3, "outcome": "runs"}])
    assert (found.status, found.reason) == ("ok", "")


def test_the_halves_are_words_of_their_own() -> None:
    h = harness()
    start = len(h.player.lines)
    assert migrate(h, *operation("host: save")) == migrate(h, *operation("host: restore")) == "ok"
    assert said(h, start) == ["host save", "host restore"]


def test_other_forms_are_unsupported() -> None:
    with pytest.raises(Unsupported):
        migrate(harness(), *operation("host: save half of it"))
