"""The TLB: use, creation and removal of cached translations."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.controls import CR4_PCIDE
from kvmdbg.machine.hw.events import Evicted, Invalidated, LeftOut
from kvmdbg.machine.hw.state import Caps, Hardware
from kvmdbg.machine.hw.tlb import (
    ALL_GLOBALS,
    NO_GLOBALS,
    NONZERO_VPID,
    OWN_GLOBALS,
    current_ep4ta,
    current_pcid,
    insert,
    lookup_guest_physical,
    lookup_linear,
    remove,
    select,
)
from kvmdbg.machine.hw.tlbkey import COMBINED, GLOBAL, GUEST_PHYSICAL, KINDS, LINEAR, NONE, TlbKey
from support import enter_non_root, events, new_hardware

LA = 0x40_1000
EPTP_A, EPTP_B = 0x7_01E, 0x8_01E
A, B = 0x7, 0x8
K4, M2 = 0x1000, 0x20_0000


def linear(vpid: int = 5, pcid: int = 3, page: int = LA, size: int = K4) -> TlbKey:
    return TlbKey(LINEAR, vpid, pcid, NONE, page, size)


def combined(vpid: int = 5, pcid: int = 3, tag: int = A, page: int = LA, size: int = K4) -> TlbKey:
    return TlbKey(COMBINED, vpid, pcid, tag, page, size)


def guest_physical(tag: int = A, page: int = LA, size: int = K4) -> TlbKey:
    return TlbKey(GUEST_PHYSICAL, NONE, NONE, tag, page, size)


def machine(*keys: TlbKey, eptp: int = EPTP_A, caps: Caps = Caps()) -> Hardware:
    """Non-root, VPID 5, PCID 3, with `keys` cached."""
    hw = new_hardware(caps)
    cpu = hw.cpus[0]
    enter_non_root(cpu, 5, eptp)
    cpu.cr4 |= CR4_PCIDE
    cpu.cr3 |= 3
    for key in keys:
        insert(hw, cpu, key, frame=0x9000)
    return hw


def test_the_tags_in_use() -> None:
    cpu = machine().cpus[0]
    assert (current_pcid(cpu), current_ep4ta(cpu)) == (3, A)
    cpu.cr4 &= ~CR4_PCIDE
    cpu.eptp = 0
    assert (current_pcid(cpu), current_ep4ta(cpu)) == (0, NONE)


@pytest.mark.parametrize(("key", "with_ept", "without_ept"), [
    (combined(), True, False),
    (combined(tag=B), False, False),
    (combined(vpid=6), False, False),
    (combined(vpid=0), False, False),
    (combined(pcid=4), False, False),
    (combined(pcid=GLOBAL), True, False),
    (combined(pcid=GLOBAL, vpid=6), False, False),
    (combined(pcid=GLOBAL, tag=B), False, False),
    (combined(page=0x40_0000, size=M2), True, False),
    (combined(page=0x40_2000), False, False),
    (linear(), False, True),
    (linear(vpid=0), False, False),
    (linear(pcid=4), False, False),
    (linear(pcid=GLOBAL), False, True),
    (linear(page=0x40_0000, size=M2, pcid=GLOBAL), False, True),
    (guest_physical(), False, False),
])
def test_what_a_linear_access_may_use(key: TlbKey, with_ept: bool, without_ept: bool) -> None:
    """SDM Vol. 3C 29.4.2; architecture.md A.3."""
    for eptp, expected in ((EPTP_A, with_ept), (0, without_ept)):
        hw = machine(key, eptp=eptp)
        found = lookup_linear(hw, hw.cpus[0], LA + 0x123)
        assert (found[0] if found else None) == (key if expected else None)


@pytest.mark.parametrize(("key", "usable"), [
    (guest_physical(), True), (guest_physical(tag=B), False), (guest_physical(page=0x40_0000, size=M2), True),
    (guest_physical(page=0x40_2000), False), (combined(), False),
])
def test_what_an_access_by_guest_physical_address_may_use(key: TlbKey, usable: bool) -> None:
    hw = machine(key)
    hw.cpus[0].vpid = 9                                    # VPID and PCID do not matter
    found = lookup_guest_physical(hw, hw.cpus[0], LA + 0xFFF)
    assert (found[0] if found else None) == (key if usable else None)


def test_the_smallest_page_wins_and_the_current_pcid_before_global() -> None:
    large, common, own = combined(page=0x40_0000, size=M2), combined(pcid=GLOBAL), combined()
    hw = machine(large, common)
    found = lookup_linear(hw, hw.cpus[0], LA)
    assert found and found[0] == common
    insert(hw, hw.cpus[0], own, frame=0)
    found = lookup_linear(hw, hw.cpus[0], LA)
    assert found and found[0] == own


def test_the_top_of_the_address_space_can_be_looked_up() -> None:
    hw = machine(combined(page=0xFFFF_FFFF_FFFF_F000))
    assert lookup_linear(hw, hw.cpus[0], 0xFFFF_FFFF_FFFF_FFFF)


def test_an_entry_remembers_where_it_came_from() -> None:
    hw = machine()
    cpu = hw.cpus[0]
    first = insert(hw, cpu, combined(pcid=GLOBAL), frame=0x9000, guest=0b101, ept=0b011, gpa=0x2000, span=M2, dirty=False)
    assert (first.read, first.write, first.execute) == (True, False, False)
    assert (first.guest, first.ept, first.span, first.gpa, first.dirty) == (0b101, 0b011, M2, 0x2000, False)
    assert (first.pcid, first.age, cpu.fills) == (3, 0, 1)
    second = insert(hw, cpu, guest_physical(), frame=0x9000)
    assert (second.pcid, second.age, second.span, second.gpa) == (NONE, 1, K4, NONE)


def test_a_full_tlb_evicts_the_oldest() -> None:
    hw = machine(combined(page=0x1000), combined(page=0x2000), caps=Caps(tlb_capacity=2))
    cpu = hw.cpus[0]
    insert(hw, cpu, combined(page=0x1000), frame=0)        # replaced: now the youngest
    assert events(hw, Evicted) == []
    insert(hw, cpu, combined(page=0x3000), frame=0)
    assert events(hw, Evicted) == [Evicted(0, combined(page=0x2000))]
    assert list(hw.tlb[0]) == [combined(page=0x1000), combined(page=0x3000)]


def test_the_eviction_is_announced_before_the_entry_goes() -> None:
    hw = machine(combined(page=0x1000), caps=Caps(tlb_capacity=1))
    insert(hw, hw.cpus[0], combined(page=0x2000), frame=0)
    position, _ = next((position, event) for position, event in hw.tape.events() if isinstance(event, Evicted))
    hw.tape.seek(position + 1)
    assert list(hw.tlb[0]) == [combined(page=0x1000)]


ZOO = (linear(), linear(vpid=0), linear(pcid=GLOBAL), linear(page=0x5000), combined(), combined(tag=B), combined(pcid=4),
       combined(pcid=GLOBAL), combined(vpid=6), guest_physical(), guest_physical(tag=B))


@pytest.mark.parametrize(("criteria", "expected"), [
    ({}, ZOO),
    ({"vpid": 5}, tuple(key for key in ZOO if key.vpid in (5, NONE))),
    ({"vpid": NONZERO_VPID, "kinds": (LINEAR,)}, tuple(key for key in ZOO if key.kind == LINEAR and key.vpid)),
    ({"pcid": 3, "globals_": ALL_GLOBALS}, tuple(key for key in ZOO if key.pcid != 4)),
    ({"pcid": 3, "globals_": NO_GLOBALS}, tuple(key for key in ZOO if key.pcid not in (4, GLOBAL))),
    ({"pcid": 4, "globals_": OWN_GLOBALS, "kinds": (COMBINED,)}, (combined(pcid=4),)),
    ({"pcid": 3, "globals_": OWN_GLOBALS}, tuple(key for key in ZOO if key.pcid != 4)),
    ({"ep4ta": B}, tuple(key for key in ZOO if key.ep4ta in (B, NONE))),
    ({"address": LA + 5}, tuple(key for key in ZOO if key.page == LA)),
    ({"kinds": (GUEST_PHYSICAL,), "ep4ta": A}, (guest_physical(),)),
])
def test_select(criteria: dict[str, object], expected: tuple[TlbKey, ...]) -> None:
    hw = machine(*ZOO)
    found = select(hw, hw.cpus[0], **{"kinds": KINDS, **criteria})  # type: ignore[arg-type]
    assert found == tuple(sorted(expected))


def test_an_address_selects_every_fragment_of_its_page() -> None:
    hw = machine(combined(page=0x40_5000))
    cpu = hw.cpus[0]
    insert(hw, cpu, combined(page=0x40_1000), frame=0, span=M2)
    insert(hw, cpu, combined(page=0x40_2000), frame=0, span=M2)
    insert(hw, cpu, combined(page=0x60_0000), frame=0, span=M2)
    assert select(hw, cpu, kinds=(COMBINED,), address=0x40_1234) == (combined(page=0x40_1000), combined(page=0x40_2000))


def test_remove_announces_first_and_says_so_even_when_nothing_goes() -> None:
    hw = machine(combined(), linear())
    cpu = hw.cpus[0]
    start = hw.tape.cursor
    remove(hw, cpu, by="invvpid", type="single-context", vpid=5, keys=(combined(), linear()))
    event = Invalidated(0, "invvpid", "single-context", 5, NONE, NONE, NONE, (combined(), linear()))
    assert hw.tape.event(start) == event and len(hw.tlb[0]) == 0
    hw.tape.seek(start + 1)
    assert len(hw.tlb[0]) == 2
    hw.tape.seek(hw.tape.end)
    remove(hw, cpu, by="invept", keys=())
    assert events(hw, Invalidated, start=start + 1) == [Invalidated(0, "invept", "", NONE, NONE, NONE, NONE, ())]


def test_a_removal_that_is_left_out_says_so_and_the_next_one_happens() -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    enter_non_root(cpu, vpid=5, eptp=EPTP_A)
    insert(hw, cpu, combined(), frame=0x9000)
    hw.left_out = frozenset({hw.tape.cursor})
    for _ in range(2):
        remove(hw, cpu, by="invvpid", type="single-context", vpid=5, keys=(combined(),))
        if len(events(hw)) == 1:
            assert events(hw) == [LeftOut(0, "invvpid", "single-context")] and combined() in hw.tlb[0]
    assert isinstance(events(hw)[1], Invalidated) and combined() not in hw.tlb[0]
