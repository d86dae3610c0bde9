"""8c8560b83390: the MMU's own flushes and root loads flush the current context."""

from __future__ import annotations

import pytest

from kvm_support import Machine, flushes
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.flushes import LOAD_FLUSHES_ALL, LOAD_FLUSHES_CURRENT

BEFORE, AFTER = "8c8560b83390^", "8c8560b83390"


def test_the_questions() -> None:
    assert [(era.local_flush_request(), era.root_load_flush(), era.unsync_children_request(), era.reused_root_asks(False, False))
            for era in (kernel(BEFORE), kernel(AFTER))] == [
        ("TLB_FLUSH", LOAD_FLUSHES_ALL, "MMU_SYNC", ("MMU_SYNC", "TLB_FLUSH")),
        ("TLB_FLUSH_CURRENT", LOAD_FLUSHES_CURRENT, "TLB_FLUSH_CURRENT", ("MMU_SYNC", "TLB_FLUSH_CURRENT"))]


@pytest.mark.parametrize(("name", "type"), [(BEFORE, "all-context"), (AFTER, "single-context")])
def test_what_the_first_root_load_flushes(name: str, type: str) -> None:
    m = Machine(name)
    assert [words.split()[1] for words in flushes(m.run("nop"))] == ["all-context", type]
