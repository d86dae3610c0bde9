"""1924242b2abc: a reused root is flushed by request."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.events import FlushAsked
from kvmdbg.machine.kvm.questions.roots import FLUSH_AT_ONCE

BEFORE, AFTER = "1924242b2abc^", "1924242b2abc"


def test_the_question() -> None:
    assert [kernel(name).reused_root_asks(False, False) for name in (BEFORE, AFTER)] == [
        ("MMU_SYNC", FLUSH_AT_ONCE), ("MMU_SYNC", "TLB_FLUSH")]


@pytest.mark.parametrize(("name", "asked"), [(BEFORE, ["root reuse"]), (AFTER, ["KVM_REQ_TLB_FLUSH"])])
def test_who_flushes_after_a_nested_exit(name: str, asked: list[str]) -> None:
    m = Machine(name).start()
    m.run("vmcall", "vmresume")
    assert [event.by for event in of(m.run("vmcall"), FlushAsked)] == asked
