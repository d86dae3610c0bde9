"""User space writes special registers."""

from __future__ import annotations

import pytest

from casework import harness, operation, said, verdict
from kvmdbg.errors import Unsupported, UserError
from kvmdbg.session.cases.operations.set_sregs import set_sregs


def test_invalid_guest_state_of_l2_is_a_triple_fault_for_l1() -> None:
    found = verdict("L0.user: set_sregs TR unusable; run", given={"vmcs12": {"unrestricted_guest": False}},
                    expect=[{"step": 1, "outcome": "vmexit", "reason": 2}])
    assert (found.status, found.reason) == ("ok", "")


def test_what_is_said() -> None:
    h = harness()
    start = len(h.player.lines)
    assert set_sregs(h, *operation("host: set_sregs CR3=0x5000, TR.base=0x10")) == "ok"
    assert said(h, start) == ["host set-sregs CR3=0x5000 TR.base=0x10"]


@pytest.mark.parametrize(("text", "error"), [("set_sregs CR9=1", Unsupported), ("set_sregs AB unusable", UserError)])
def test_what_is_none(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        set_sregs(harness(), *operation(f"host: {text}"))
