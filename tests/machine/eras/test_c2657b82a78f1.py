"""2657b82a78f1: an L2 without VPID runs on vpid01, and that is what a flush hits."""

from __future__ import annotations

import pytest

from kvm_support import Machine, flushes
from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "2657b82a78f1^", "2657b82a78f1"


def test_the_questions() -> None:
    assert [[(kernel(name).current_context_is_vpid02(mode, has), kernel(name).guest_flush_is_vpid02(mode, has))
             for mode, has in ((False, False), (True, False), (True, True))] for name in (BEFORE, AFTER)] == [
        [(False, False), (True, True), (True, True)], [(False, False), (False, False), (True, True)]]


@pytest.mark.parametrize(("name", "vpid"), [(BEFORE, 2), (AFTER, 1)])
def test_the_entry_of_an_l2_without_vpid_flushes(name: str, vpid: int) -> None:
    m = Machine(name).given_vmx().given_l2(vpid=None)
    m.enter()
    m.run("vmcall")
    assert flushes(m.run("vmresume")) == [f"invvpid single-context {vpid}"]
