"""40e5f9080472: a flush for the guest is served before a nested transition switches, too."""

from __future__ import annotations

import pytest

from kvm_support import Machine, flushes
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.kvm_host import kvm_make_request

BEFORE, AFTER = "40e5f9080472^", "40e5f9080472"


def test_the_question() -> None:
    assert [kernel(name).flushes_served_at_transitions() for name in (BEFORE, AFTER)] == [
        ("TLB_FLUSH_CURRENT",), ("TLB_FLUSH_CURRENT", "TLB_FLUSH_GUEST")]


@pytest.mark.parametrize(("name", "active"), [(BEFORE, 1), (AFTER, 2)])
def test_whose_vpid_a_request_made_for_l2_flushes(name: str, active: int) -> None:
    """With 2b4a5a5d5688 applied, which came next: before, the request outlived the exit and hit vpid01."""
    m = Machine(f"{name} +2b4a5a5d5688").start()
    m.run("vmcall", "vmresume")
    m.program("vmcall")
    m.step_to("handle_exit")
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH_GUEST", "a test")
    m.step()
    assert flushes(m.run("nop")) + flushes(m.since(0))[-1:] == [f"invvpid single-context {active}"] * (2 if active == 1 else 1)
