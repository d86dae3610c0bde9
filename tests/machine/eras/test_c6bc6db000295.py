"""6bc6db000295: kvm->tlbs_dirty goes."""

from __future__ import annotations

import pytest

from kvm_support import L2_PAGE, Machine, decided
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.host_events import happen, parse_host_event

SPARE = 0x7_0000             # a page of L1's that no SPTE maps
AFTER = "6bc6db000295"


def test_the_question() -> None:
    assert [kernel(name).has_tlbs_dirty() for name in (f"{AFTER}^", AFTER)] == [True, False]


@pytest.mark.parametrize(("name", "flushes"), [("v4.4", True), ("v6.12", False)])
def test_a_notifier_tells_the_others_what_a_sync_has_dropped(name: str, flushes: bool) -> None:
    """A.3: L1 unmaps a page of L2, INVEPT or the next root load syncs; a notifier for a page never mapped flushes."""
    m = Machine(name).start()
    m.poke(SPARE, 1)
    m.run(f"load {L2_PAGE:#x}", "vmcall")
    m.set("ept12", 0x6_0000, 0, eptp=0x1_0000)
    m.run("invept all-context", "vmresume")
    start = m.kvm.tape.cursor
    happen(m.kvm, parse_host_event(f"unmap {SPARE >> 12:#x}", 1, 0))
    assert decided(m.since(start), "kvm_mmu_notifier_invalidate_range_start")[0][0] == ("yes" if flushes else "no")
