"""14c07ad89f4d: guest_mmu beside root_mmu."""

from __future__ import annotations

from typing import Any

import pytest

from kvm_support import V4_4, V6_12, Machine, of
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.events import RootAllocated, RootReused
from kvmdbg.machine.kvm.questions.nested import HOOK_VPID01, HOOK_VPID02, NO_FLUSH, Transition

BEFORE = "v6.12 -14c07ad89f4d"
SAME = Transition(entry=True, enable_ept=True, enable_vpid=True, has_vpid12=True, vpid12=1, last_vpid=1, vpid02=2)


def test_the_questions() -> None:
    assert [(era.caches_roots(), era.unchanged_cr3_is_a_flush_at_transitions(), era.checks_guest_state_before_the_switch())
            for era in (kernel(BEFORE), kernel(V6_12))] == [(False, True, True), (True, False, False)]


@pytest.mark.parametrize(("changes", "act", "values", "remembered"), [
    ({}, NO_FLUSH, "last_vpid 1 == vpid12 1", False), ({"vpid12": 2}, HOOK_VPID02, "last_vpid 1 != vpid12 2", True),
    ({"vpid12": 0, "last_vpid": 0}, NO_FLUSH, "last_vpid 0 == vpid12 0", False),
    ({"has_vpid12": False}, HOOK_VPID01, "vmcs12 VPID off, vpid02 2", False),
    ({"vpid02": 0}, HOOK_VPID01, "vmcs12 VPID on, vpid02 0", False),
    ({"entry": False}, HOOK_VPID01, "every exit, whatever vmcs12 says", False),
    ({"enable_vpid": False, "vpid12": 2}, NO_FLUSH, "enable_vpid=0: VM entry flushes VPID 0", False)])
def test_the_flush_at_a_transition_of_v4_4(changes: dict[str, Any], act: str, values: str, remembered: bool) -> None:
    """E.2, row E15."""
    flush = kernel(V4_4).transition_flush(SAME._replace(**changes))
    assert (flush.act, flush.values, flush.remember_vpid12) == (act, values, remembered)


@pytest.mark.parametrize(("name", "reused"), [(BEFORE, 0), (V6_12, 1)])
def test_a_root_survives_a_transition(name: str, reused: int) -> None:
    m = Machine(name).start()
    events = m.run("vmcall")
    assert (len(of(events, RootReused)), len(of(events, RootAllocated))) == (reused, 1 - reused)
