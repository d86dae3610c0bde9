"""eeeb4f67a6cd: flush requests by scope."""

from __future__ import annotations

from typing import Any

import pytest

from kvm_support import V4_4, V6_12, Machine, flushes, made, results
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.nested import HOOK_VPID02, MAKE_REQUEST, NO_FLUSH, Transition

BEFORE = "v6.12 -eeeb4f67a6cd -2b4a5a5d5688 -a91a7c709600"
SAME = Transition(entry=True, enable_ept=True, enable_vpid=True, has_vpid12=True, vpid12=1, last_vpid=1, vpid02=2)


def test_the_questions() -> None:
    assert [(era.has_flush_hooks_by_scope(), era.root_load_flushes_the_current_context(), era.fallback_flushes_all_for_vpid0(),
             era.flushes_served_at_transitions(), era.invept_frees_matching_roots(), era.syncs_ask_for_a_local_flush())
            for era in (kernel(V4_4), kernel(BEFORE), kernel(V6_12))] == [
        (False, False, True, (), False, True), (False, False, True, (), False, True),
        (True, True, False, ("TLB_FLUSH_CURRENT", "TLB_FLUSH_GUEST"), True, False)]


@pytest.mark.parametrize(("changes", "act", "request_name"), [
    ({}, NO_FLUSH, ""), ({"vpid12": 2}, HOOK_VPID02, ""), ({"vpid12": 2, "entry": False}, NO_FLUSH, ""),
    ({"has_vpid12": False}, MAKE_REQUEST, "TLB_FLUSH"), ({"has_vpid12": False, "entry": False}, MAKE_REQUEST, "TLB_FLUSH"),
    ({"enable_ept": False, "vpid02": 0}, MAKE_REQUEST, "TLB_FLUSH"), ({"enable_vpid": False}, NO_FLUSH, "")])
def test_the_flush_at_a_transition_of_v5_7(changes: dict[str, Any], act: str, request_name: str) -> None:
    """E.2, row v4.20-v5.7: no request by scope yet."""
    flush = kernel(BEFORE).transition_flush(SAME._replace(**changes))
    assert (flush.act, flush.request) == (act, request_name)


def test_a_changed_vpid12_on_such_a_kernel() -> None:
    m = Machine(BEFORE).start()
    m.run("vmcall", "vmwrite VIRTUAL_PROCESSOR_ID, 7")
    events = m.run("vmresume")
    assert "invvpid single-context 2" in flushes(events)
    assert "TLB_FLUSH_GUEST" not in made(events)


def test_invept_of_l1() -> None:
    found = []
    for name in (BEFORE, V6_12):
        m = Machine(name).start()
        m.run("vmcall")
        events = m.run("invept all-context")
        found.append((results(events), made(events), len(flushes(events))))
    assert found == [(["invept ok"], ["TLB_FLUSH"], 2), (["invept ok"], [], 0)]
