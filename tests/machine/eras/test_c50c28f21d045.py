"""50c28f21d045: roots survive nested transitions. Stands for the root cache of v4.19."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.events import RootAllocated, RootReused
from kvmdbg.machine.kvm.questions.flushes import LOAD_FLUSHES_ALL, LOAD_FLUSHES_IN_SET_CR3

BEFORE, AFTER = "50c28f21d045^", "50c28f21d045"


def test_the_questions() -> None:
    assert [(era.caches_roots(), era.unchanged_cr3_is_a_flush_at_transitions(), era.root_load_flush())
            for era in (kernel(BEFORE), kernel(AFTER))] == [
        (False, True, LOAD_FLUSHES_IN_SET_CR3), (True, False, LOAD_FLUSHES_ALL)]


@pytest.mark.parametrize(("name", "reused"), [(BEFORE, 0), (AFTER, 1)])
def test_a_root_survives_a_transition(name: str, reused: int) -> None:
    m = Machine(name).start()
    events = m.run("vmcall")
    assert (len(of(events, RootReused)), len(of(events, RootAllocated))) == (reused, 1 - reused)
