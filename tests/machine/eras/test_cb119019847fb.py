"""b119019847fb: INVEPT of L1 does nothing: each nested entry syncs and flushes."""

from __future__ import annotations

import pytest

from kvm_support import Machine, made, results
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.nested import NO_EFFECT, SYNC_AND_FLUSH

BEFORE, AFTER = "b119019847fb^", "b119019847fb"


def test_the_question() -> None:
    assert [kernel(name).invept_effect(True) for name in (BEFORE, AFTER)] == [SYNC_AND_FLUSH, NO_EFFECT]


@pytest.mark.parametrize(("name", "requested"), [(BEFORE, ["TLB_FLUSH"]), (AFTER, [])])
def test_invept_of_l1(name: str, requested: list[str]) -> None:
    m = Machine(name).start()
    m.run("vmcall")
    events = m.run("invept 2")
    assert (results(events), made(events)) == (["invept ok"], requested)
