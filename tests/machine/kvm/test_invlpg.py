"""INVLPG with shadow paging: what it drops, flushes and asks for, kernel by kernel."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, Machine, flushes, made, of, values
from kvmdbg.machine.kvm.events import GuestInvalidated

OTHER_PAGE = 0x50_0000
BEFORE_V4_19, ONE_ADDRESS = ("v3.1", "v4.3", "v4.4", "v4.15"), ("v5.7", "v5.8", "v5.13", "v5.14", "v5.16", "v6.12")


def edited(name: str) -> Machine:
    """L1 has used a page and mapped it elsewhere, without an invalidation."""
    m = Machine(name, enable_ept=False)
    m.map("L1", L1_PAGE, L1_PAGE)
    m.run(f"store {L1_PAGE:#x}, 5")
    m.map("L1", L1_PAGE, OTHER_PAGE)
    return m


@pytest.mark.parametrize("name", BEFORE_V4_19 + ONE_ADDRESS)
def test_the_old_translation_is_used_until_invlpg_and_not_after_it(name: str) -> None:
    m = edited(name)
    assert values(m.run(f"load {L1_PAGE:#x}")) == [5]
    m.run(f"invlpg {L1_PAGE:#x}")
    assert values(m.run(f"load {L1_PAGE:#x}")) == [0] and m.stat("invlpg") == 1


@pytest.mark.parametrize("name", ONE_ADDRESS)
def test_one_address_at_once_and_every_vcpu_for_the_spte(name: str) -> None:
    """J.2.1: an unsync SPTE that is lost asks every vCPU for a flush."""
    events = edited(name).run(f"invlpg {L1_PAGE:#x}")
    assert flushes(events)[0] == f"invvpid individual-address 1 @{L1_PAGE:#x}" and made(events) == ["TLB_FLUSH"]
    assert of(events, GuestInvalidated) == [GuestInvalidated(0, 1, "invlpg", "", 0, 0, -1, L1_PAGE)]


@pytest.mark.parametrize("name", ONE_ADDRESS)
def test_an_entry_that_did_not_change_asks_nothing(name: str) -> None:
    m = Machine(name, enable_ept=False)
    m.map("L1", L1_PAGE, L1_PAGE)
    m.run(f"load {L1_PAGE:#x}")
    assert made(m.run(f"invlpg {L1_PAGE:#x}")) == []


@pytest.mark.parametrize("name", BEFORE_V4_19)
def test_before_v4_19_everything_is_asked_for_each_time(name: str) -> None:
    m = Machine(name, enable_ept=False)
    m.map("L1", L1_PAGE, L1_PAGE)
    m.run(f"load {L1_PAGE:#x}")
    assert made(m.run(f"invlpg {L1_PAGE:#x}")) == ["TLB_FLUSH"]


@pytest.mark.parametrize("name", ONE_ADDRESS)
def test_an_address_that_is_not_canonical_is_none(name: str) -> None:
    m = edited(name)
    events = m.run("invlpg 0x800000000000")
    assert not flushes(events) and not made(events) and not of(events, GuestInvalidated)
    assert m.stat("invlpg") == (0 if name == "v5.7" else 1)          # counted since 5efac0741ce2 (v5.8)


@pytest.mark.parametrize("name", BEFORE_V4_19)
def test_before_v4_19_nobody_asked_whether_it_is_canonical(name: str) -> None:
    m = edited(name)
    events = m.run("invlpg 0x800000000000")
    assert made(events) == ["TLB_FLUSH"] and flushes(events) == ["invvpid single-context 1"] and m.stat("invlpg") == 1
    assert not of(events, GuestInvalidated)


def test_a_cached_root_is_brought_up_to_date_as_well() -> None:
    m = edited("v6.12")
    m.map("L1", L1_PAGE, L1_PAGE)
    m.run(f"mov cr4, {m.vcpu.cr4 | 1 << 17:#x}", f"load {L1_PAGE:#x}", "mov cr3, 0x1001")
    m.map("L1", L1_PAGE, OTHER_PAGE, root=0x1000)
    m.run(f"invpcid individual-address 0 {L1_PAGE:#x}", "mov cr3, 0x8000000000001000")
    assert values(m.run(f"load {L1_PAGE:#x}")) == [0]


def test_l2_has_its_own_vpid() -> None:
    m = Machine(enable_ept=False).given_vmx()
    m.given_l2(eptp=None, vpid=7).enter()
    (event,) = of(m.run("invlpg 0x800000"), GuestInvalidated)
    assert (event.level, event.vpid, event.address) == (2, 7, 0x80_0000)
