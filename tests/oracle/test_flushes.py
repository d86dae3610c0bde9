"""What every flush was worth."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.events import Invalidated
from kvmdbg.oracle.flushes import PROCESSOR, Flush, flushes, request_made
from oracle.given import DATA, KERNELS, L1_LA, L2_LA, OTHER, Machine


def of(machine: Machine, start: int = 0) -> list[Flush]:
    return list(flushes(machine.kvm, machine.index, start))


@pytest.mark.parametrize("name", KERNELS)
def test_every_invalidation_is_one(name: str) -> None:
    machine = Machine(name).enter().leave()
    events = [position for position, event in machine.kvm.tape.events() if isinstance(event, Invalidated)]
    found = of(machine)
    assert [flush.position for flush in found] == events
    assert all(flush.dropped == flush.fresh + flush.stale + flush.forbidden for flush in found)


def test_a_flush_of_fresh_translations_only_is_excess() -> None:
    machine = Machine().enter()
    start = machine.position
    machine.run(f"invlpg {L2_LA:#x}")
    flush, = of(machine, start)
    assert (flush.by, flush.asker.requester, flush.dropped, flush.fresh, flush.excess) == ("invlpg", PROCESSOR, 1, 1, True)


def test_a_flush_of_a_stale_one_is_not() -> None:
    machine = Machine().enter().map("L2", L2_LA, OTHER)
    start = machine.position
    machine.run(f"invlpg {L2_LA:#x}")
    flush, = of(machine, start)
    assert (flush.stale, flush.excess) == (1, False)


def test_nor_is_one_that_drops_nothing() -> None:
    machine = Machine().enter()
    start = machine.position
    assert [flush.excess for flush in of(machine.run("invlpg 0x12345000"), start)] == [False]


def test_a_request_is_followed_back_to_who_made_it() -> None:
    machine = Machine().enter().leave()
    start = machine.position
    machine.run("vmwrite VIRTUAL_PROCESSOR_ID, 9", "vmresume")
    flush, = of(machine, start)
    asker = flush.asker
    assert (asker.requester, asker.hook, asker.made_by) == (
        "KVM_REQ_TLB_FLUSH_GUEST", "flush_tlb_guest", "nested_vmx_transition_tlb_flush")
    assert start < asker.made_at < asker.serviced_at < asker.asked_at < flush.position
    assert (flush.context, flush.dropped, flush.fresh, flush.reassigned, flush.excess) == ("vpid 2", 1, 1, 1, False)


def test_the_flush_that_l1_asked_for() -> None:
    machine = Machine().enter().map("ept12", DATA, OTHER).leave()
    start = machine.position
    machine.run("invvpid single-context 1")
    flush, = of(machine, start)
    assert (flush.asker.requester, flush.asker.hook, flush.asker.made_at, flush.stale) == (
        "INVVPID emulation", "vpid_sync_context", -1, 1)


def test_a_root_load_flush() -> None:
    machine = Machine().enter().map("ept12", DATA, OTHER).leave()
    start = machine.position
    machine.run("invept all-context", "vmresume")
    found = [flush for flush in of(machine, start) if flush.stale]
    assert {flush.asker.requester for flush in found} <= {"root load", "KVM_REQ_TLB_FLUSH"} and found


def test_the_first_request_counts() -> None:
    machine = Machine().run(f"load {L1_LA:#x}")
    assert request_made(machine.kvm, machine.position, 0, "TLB_FLUSH_GUEST") == (-1, "")
