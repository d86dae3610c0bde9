"""Dirty logging: what is dirty, what is protected, what is flushed."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, Machine, decided, made, of, served
from kvmdbg.machine.hw import ept
from kvmdbg.machine.kvm.dirty_log import get_dirty_log
from kvmdbg.machine.kvm.events import DirtyLogRead
from kvmdbg.machine.kvm.mmu_notifier import sptes_of

GFN = L1_PAGE >> 12


def given(kernel: str) -> Machine:
    m = Machine(kernel).given_vmx()
    m.run(f"store {L1_PAGE:#x}, 1")
    return m


def writable(m: Machine) -> list[bool]:
    return [bool(spte & ept.WRITE) for _, spte in sptes_of(m.kvm, GFN)]


@pytest.mark.parametrize("kernel", ["v3.1", "v4.4", "v4.15", "v5.8", "v5.16", "v6.12"])
def test_a_write_after_the_flush_is_seen(kernel: str) -> None:
    m = given(kernel)
    assert made(m.host("dirty-log on")) == ["TLB_FLUSH"] and writable(m) == [False]
    m.run(f"load {L1_PAGE:#x}")
    assert m.kvm.dirty_bitmap.get(GFN) is None and m.cached("combined", L1_PAGE)
    events = m.run(f"store {L1_PAGE:#x}, 2")
    assert "TLB_FLUSH" not in served(events) and writable(m) == [True] and GFN in m.kvm.dirty_bitmap
    events = m.host("dirty-log get")
    (read,) = of(events, DirtyLogRead)
    assert GFN in read.gfns and made(events) == ["TLB_FLUSH"] and writable(m) == [False]


@pytest.mark.parametrize(("kernel", "asked"), [("v3.1", True), ("d91ffee9ecbf^", True), ("v4.4", False), ("v5.16", False),
                                               ("b64d740ea7dd", True), ("v6.12", True)])
def test_where_nothing_was_writable(kernel: str, asked: bool) -> None:
    events = Machine(kernel).host("dirty-log on")
    assert made(events) == ["TLB_FLUSH"] * asked
    assert decided(events, "kvm_mmu_slot_remove_write_access") == [
        ("yes" if asked else "no", "the SPTEs of 0 pages were writable")]


def test_a_log_without_dirty_pages_asks_nothing() -> None:
    m = given("v6.12")
    m.host("dirty-log on")
    start = m.kvm.tape.cursor
    assert get_dirty_log(m.kvm, 0) == () and m.since(start) == []


def test_writes_of_kvm_and_of_user_space_are_dirty_too() -> None:
    m = given("v6.12")
    m.host("dirty-log on")
    m.poke(0x9000, 1)
    assert get_dirty_log(m.kvm, 0) == (9,)


def test_off_asks_nothing_and_forgets() -> None:
    """J.2.11."""
    m = given("v6.12")
    m.host("dirty-log on")
    m.run(f"store {L1_PAGE:#x}, 2")
    assert made(m.host("dirty-log off")) == [] and not len(m.kvm.dirty_bitmap) and not len(m.kvm.dirty_logs)
    m.run(f"store {L1_PAGE:#x}, 3")
    assert not len(m.kvm.dirty_bitmap)
