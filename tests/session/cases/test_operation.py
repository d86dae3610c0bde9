"""Finding the declaration of an operation."""

from __future__ import annotations

import pytest

from casework import operation as parsed
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases import words
from kvmdbg.session.cases.operation import A_CONTROL, LEVELS, OPERATIONS, find


def test_declared_words_are_found() -> None:
    assert words
    assert find(*parsed("L1: invvpid type=1 vpid=1")).word == "invvpid"
    assert find(*parsed("L2: pte_set gva=V -> other frame")).at_once
    assert find(*parsed("L1: GUEST_DR7 = 1 << 3")).word == "vmwrite"
    for step in ("load debug controls 1", "use TPR shadow 0", "APIC-register virtualization 1", "PML = 1"):
        assert find(*parsed(f"L1: {step}")).word == A_CONTROL
    assert LEVELS == {"L1": 1, "L2": 2}


@pytest.mark.parametrize(("step", "message"), [
    ("VP2: load gva=A", "VP: Hyper-V is not modelled"),
    ("cpu1: kick vcpu0", "cpu: several CPUs are not modelled"),
    ("SMM: hlt", "hlt by SMM: only L1 and L2 does that"),
    ("L1: levitate", "levitate: no operation that the runner knows"),
    ("L2: copy A to B", "copy by L2: only L1 does that"),
])
def test_the_others_are_refused_by_name(step: str, message: str) -> None:
    with pytest.raises(Unsupported) as caught:
        find(*parsed(step))
    assert str(caught.value) == message


def test_every_operation_acts_for_some_actor() -> None:
    assert len(OPERATIONS) > 25
    assert all(declared.actors for declared in OPERATIONS)
