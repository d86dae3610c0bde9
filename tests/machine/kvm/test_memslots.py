"""All page tables go."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, L2_PAGE, Machine, exits, flushes, made, of, served
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.events import PageTablesZapped, RootAllocated, RootFreed
from kvmdbg.machine.kvm.memslots import create_memslot, delete_memslot, overlaps

EXTRA = 0x8_0000                 # gfn behind the memory that a machine begins with


def given(name: str) -> Machine:
    m = Machine(name).given_vmx()
    create_memslot(m.kvm, EXTRA, 16)
    m.run(f"store {L1_PAGE:#x}, 7")
    return m


def test_with_the_tdp_mmu_the_load_of_the_next_root_is_the_only_flush() -> None:
    """J.2.3: MMU_FREE_OBSOLETE_ROOTS to all, remote_tlb_flush_requests +0."""
    m = given("v6.12")
    root, count = m.root_mmu.root.hpa, m.stat("remote_tlb_flush_requests", -1)
    start = m.kvm.tape.cursor
    delete_memslot(m.kvm, EXTRA)
    events = m.since(start)
    assert made(events) == ["MMU_FREE_OBSOLETE_ROOTS"] and of(events, PageTablesZapped)[0].pages >= 4
    assert root in m.kvm.hw.frames and list(m.kvm.obsolete_roots) == [root]
    events = m.run(f"load {L1_PAGE:#x}")
    assert served(events) == ["MMU_FREE_OBSOLETE_ROOTS"] and exits(events)[0] == 1
    assert (len(of(events, RootFreed)), len(of(events, RootAllocated))) == (1, 1)
    assert len([flush for flush in flushes(events) if flush.startswith("invept")]) == 1
    assert m.cpu.rax == 7 and not len(m.kvm.obsolete_roots)
    assert m.stat("remote_tlb_flush_requests", -1) == count


def test_shadow_pages_are_flushed_when_they_go_and_when_the_root_goes() -> None:
    """J.2.3: it comes twice a deletion."""
    m = Machine("v6.12").start()
    create_memslot(m.kvm, EXTRA, 16)
    m.run(f"load {L2_PAGE:#x}")
    count = m.stat("remote_tlb_flush_requests", -1)
    delete_memslot(m.kvm, EXTRA)
    assert m.stat("remote_tlb_flush_requests", -1) == count + 1
    m.run(f"load {L2_PAGE:#x}")
    assert m.stat("remote_tlb_flush_requests", -1) == count + 2


def test_before_the_tdp_mmu_was_the_default_ept01_was_flushed_as_well() -> None:
    m = given("v6.12 -71ba3f3189c7")
    start = m.kvm.tape.cursor
    delete_memslot(m.kvm, EXTRA)
    assert made(m.since(start)) == ["MMU_FREE_OBSOLETE_ROOTS", "TLB_FLUSH"]


@pytest.mark.parametrize(("base", "pages", "there"), [(EXTRA - 1, 1, False), (EXTRA - 1, 2, True), (EXTRA + 15, 9, True),
                                                      (EXTRA + 16, 1, False), (0, 1, True)])
def test_slots_may_not_overlap(base: int, pages: int, there: bool) -> None:
    m = given("v6.12")
    assert overlaps(m.kvm, base, pages) == there


def test_the_freed_frames_are_used_again() -> None:
    m = given("v6.12")
    frames = {page.hpa for key, page in m.kvm.shadow_pages.items()}
    delete_memslot(m.kvm, EXTRA)
    m.run("nop", f"load {L1_PAGE:#x}")
    assert frames & {page.hpa for key, page in m.kvm.shadow_pages.items()}


@pytest.mark.parametrize("version", ["v3.2", "v4.4", "v5.7", "v5.8", "v5.10", "v5.16", "v6.12"])
def test_every_root_of_every_kernel_goes(version: str) -> None:
    m = Machine(version).start()
    create_memslot(m.kvm, EXTRA, 16)
    m.run(f"load {L2_PAGE:#x}")
    delete_memslot(m.kvm, EXTRA)
    assert len(m.kvm.shadow_pages) == len(m.kvm.rmap) == 0
    events = m.run(f"load {L2_PAGE:#x}")
    assert of(events, RootFreed) and kernel(version).zapped_roots_request() in served(events)
    assert exits(events)[0] == 1
