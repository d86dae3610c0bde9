"""L0's thread, step by step, behind a VMLAUNCH of L1."""

from __future__ import annotations

import pytest

from casework import RUNNER, case, harness, operation, verdict
from kvmdbg.errors import Unsupported, UserError
from kvmdbg.session.cases.matrix import instances
from kvmdbg.session.cases.operations.immediate_exit import SITUATION, enter, exit_on_ipi, make_request
from kvmdbg.session.session import Session

STEPS = ("L0: make_request IMMEDIATE_EXIT", "L0: enter guest with interrupts off, self-IPI sent",
         "L2: (event of vmcs12 is delivered)", "L0: exit on the IPI")
SEED = "seed document (Add KVM_REQ_IMMEDIATE_EXIT)"


def test_the_event_is_delivered_once_and_l2_exits_then() -> None:
    found = verdict(*STEPS, given={"l0": SITUATION}, source=SEED,
                    expect=[{"step": 2, "order": "request checked before the entry, IPI sent after the last check"},
                            {"step": 3, "event": "delivered once"}, {"step": 4, "effect": "L2 to L1 exit may follow"}])
    assert (found.status, found.reason) == ("ok", "")


def test_its_script_is_a_session() -> None:
    (only,) = instances(case(*STEPS, given={"l0": SITUATION}, source=SEED, expect=[{"step": 3, "event": "delivered once"}]))
    (script,) = RUNNER.run_instance(only).script
    session = Session()
    session.run_script("test.kvmdbg", script.text())
    assert not session.kvm.vcpus[0].guest_mode and session.kvm.vcpus[0].todo == ("guest",)


def test_newer_kernels_make_no_such_request() -> None:
    found = verdict(STEPS[0], given={"l0": SITUATION}, expect=[{"step": 1, "outcome": "runs"}])
    assert (found.status, found.reason) == ("FAIL", "the thread of vcpu0 has nothing more to do")


@pytest.mark.parametrize(("text", "what"), [("make_request EVENT", make_request), ("enter the hall", enter),
                                            ("exit in haste", exit_on_ipi)])
def test_other_words_are_unsupported(text: str, what: object) -> None:
    with pytest.raises(Unsupported):
        what(harness(), *operation(f"L0: {text}"))                  # type: ignore[operator]


def test_without_anything_to_do() -> None:
    with pytest.raises(UserError):
        make_request(harness(), *operation("L0: make_request IMMEDIATE_EXIT"))
