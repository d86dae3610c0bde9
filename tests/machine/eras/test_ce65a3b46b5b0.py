"""e65a3b46b5b0: KVM_REQ_MMU_RELOAD is gone."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of, served
from kvmdbg.errors import UserError
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.events import RootAllocated, RootFreed
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.questions.requests import NO_WAKEUP, WAIT

BEFORE, AFTER = "e65a3b46b5b0^", "e65a3b46b5b0"


def test_the_bits() -> None:
    found = [kernel(name).request_bits() for name in (BEFORE, AFTER)]
    assert [(bits.get("MMU_RELOAD"), bits["VM_DEAD"]) for bits in found] == [(1, 4), (None, 1)]
    assert kernel(BEFORE).request_flags()["MMU_RELOAD"] == (WAIT, NO_WAKEUP)


def test_its_place_in_the_ladder() -> None:
    """B.4: after GET_NESTED_STATE_PAGES, before MIGRATE_TIMER."""
    ladder = kernel("v5.10").service_order()
    assert ladder.index("GET_NESTED_STATE_PAGES") < ladder.index("MMU_RELOAD") < ladder.index("MIGRATE_TIMER")


def test_it_throws_every_root_away() -> None:
    m = Machine("v5.10").start()
    m.run("vmcall")
    kvm_make_request(m.kvm, m.vcpu, "MMU_RELOAD", "a test")
    events = m.run("cpuid")
    assert served(events) == ["MMU_RELOAD"]
    assert len(of(events, RootFreed)) == 2
    assert len(of(events, RootAllocated)) == 1


@pytest.mark.parametrize("maker", ["39353ab5790b", "28f28d453ffc", "f6d0a2521ce1", "527d5cd7eece"])
def test_who_makes_it_cannot_come_back_without_it(maker: str) -> None:
    with pytest.raises(UserError, match=f"e65a3b46b5b0 needs {maker}"):
        kernel(f"v6.12 -{maker}")
    assert "MMU_RELOAD" in kernel(f"v6.12 -e65a3b46b5b0 -{maker}").request_bits()
