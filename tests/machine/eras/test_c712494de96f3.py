"""712494de96f3: a new vpid12 is a flush for the guest."""

from __future__ import annotations

from typing import Any

import pytest

from kvm_support import Machine, flushes, made
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.nested import MAKE_REQUEST, NO_FLUSH, SYNC_VPID02, Transition

BEFORE, AFTER = "712494de96f3^", "712494de96f3"


SAME = Transition(entry=True, enable_ept=True, enable_vpid=True, has_vpid12=True, vpid12=1, last_vpid=1, vpid02=2)


@pytest.mark.parametrize(("changes", "before", "after"), [
    ({}, (NO_FLUSH, ""), (NO_FLUSH, "")), ({"vpid12": 2}, (SYNC_VPID02, ""), (MAKE_REQUEST, "TLB_FLUSH_GUEST")),
    ({"vpid12": 2, "entry": False}, (NO_FLUSH, ""), (NO_FLUSH, "")),
    ({"has_vpid12": False, "enable_vpid": False}, (MAKE_REQUEST, "TLB_FLUSH_GUEST"), (MAKE_REQUEST, "TLB_FLUSH_GUEST")),
    ({"enable_ept": False, "vpid02": 0}, (MAKE_REQUEST, "TLB_FLUSH_CURRENT"), (MAKE_REQUEST, "TLB_FLUSH_CURRENT")),
    ({"enable_ept": False, "vpid02": 0, "vpid12": 2}, (MAKE_REQUEST, "TLB_FLUSH_CURRENT"), (MAKE_REQUEST, "TLB_FLUSH_GUEST"))])
def test_the_flush_at_a_transition(changes: dict[str, Any], before: tuple[str, str], after: tuple[str, str]) -> None:
    """E.2, rows E21 and E24."""
    t = SAME._replace(**changes)
    for name, expected in ((BEFORE, before), ("v5.14", before), (AFTER, after), ("v5.16", after), ("v6.12", after)):
        flush = kernel(name).transition_flush(t)
        assert (flush.act, flush.request) == expected


@pytest.mark.parametrize(("name", "requested"), [(BEFORE, []), (AFTER, ["TLB_FLUSH_GUEST"])])
def test_a_changed_vpid12(name: str, requested: list[str]) -> None:
    m = Machine(name).start()
    m.run("vmcall", "vmwrite VIRTUAL_PROCESSOR_ID, 7")
    events = m.run("vmresume")
    assert [what for what in made(events) if what != "LOAD_MMU_PGD"] == requested
    assert any(words.startswith("invvpid single-context") for words in flushes(events))
    assert m.vcpu.last_vpid == 7
