"""What a completed invalidation covers: the worked examples of the specification, by the level's own tags."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.controls import CR4_PCIDE, CR4_PGE, CR4_PSE, CR4_SMEP
from kvmdbg.machine.hw.paging import LEVELS_4, Paging
from kvmdbg.machine.hw.state import NO_PDPTES
from kvmdbg.machine.hw.tlb import ALL_GLOBALS, NO_GLOBALS, NONZERO_VPID, OWN_GLOBALS
from kvmdbg.machine.hw.tlbkey import COMBINED, GLOBAL, GUEST_PHYSICAL, LINEAR, NONE
from kvmdbg.oracle.closing import ANY, Closing, CrAccess, Tags, covers, cr_scope
from kvmdbg.oracle.contexts import Context

LA, A, B = 0x40_0000, 7, 8
BY_VPID, BY_EPT = (LINEAR, COMBINED), (GUEST_PHYSICAL, COMBINED)


def c(vpid: int, pcid: int, ep4ta: int, own: int = 3, vcpu: int = 0) -> Tags:
    return Tags(COMBINED, vcpu, vpid, pcid, own if pcid == GLOBAL else pcid, ep4ta, LA, 0x1000)


def gp(ep4ta: int) -> Tags:
    return Tags(GUEST_PHYSICAL, 0, NONE, NONE, NONE, ep4ta, LA, 0x1000)


def linear(vpid: int, pcid: int) -> Tags:
    return Tags(LINEAR, 0, vpid, pcid, pcid, NONE, LA, 0x1000)


def closing(kinds: tuple[str, ...], vpid: int = ANY, pcid: int = ANY, ep4ta: int = ANY, address: int = ANY,
            globals_: str = ALL_GLOBALS) -> Closing:
    return Closing(0, 0, "", "", True, kinds, vpid, pcid, ep4ta, address, globals_)


MOV_CR3 = closing(BY_VPID, 5, 3, globals_=NO_GLOBALS)
INVLPG = closing(BY_VPID, 5, 3, address=LA + 0x123)
INVVPID_3 = closing(BY_VPID, 5, globals_=NO_GLOBALS)
INVVPID_2 = closing(BY_VPID, NONZERO_VPID)
INVEPT_A = closing(BY_EPT, ep4ta=A)
TRANSITION = closing(BY_VPID, 0)
SMEP = closing(BY_VPID, 5, 3, globals_=OWN_GLOBALS)


@pytest.mark.parametrize(("operation", "tags", "gone"), [
    (MOV_CR3, c(5, 3, A), True), (MOV_CR3, c(5, 3, B), True), (MOV_CR3, c(5, GLOBAL, A), False), (MOV_CR3, c(5, 4, A), False),
    (MOV_CR3, c(6, 3, A), False), (MOV_CR3, gp(A), False),
    (INVLPG, c(5, 3, A), True), (INVLPG, c(5, GLOBAL, A, own=4), True), (INVLPG, c(5, 4, A), False), (INVLPG, linear(5, 3), True),
    (INVLPG, gp(A), False), (INVLPG, c(5, 3, A)._replace(page=LA + 0x1000), False),
    (INVVPID_3, c(5, 9, B), True), (INVVPID_3, c(5, GLOBAL, A), False), (INVVPID_3, gp(A), False),
    (INVVPID_2, c(5, GLOBAL, A), True), (INVVPID_2, linear(0, 0), False),
    (INVEPT_A, c(5, GLOBAL, A), True), (INVEPT_A, c(0, 0, A), True), (INVEPT_A, linear(5, 3), False), (INVEPT_A, c(5, 3, B), False),
    (INVEPT_A, gp(A), True),
    (TRANSITION, linear(0, 7), True), (TRANSITION, c(0, 3, B), True), (TRANSITION, c(5, 3, A), False), (TRANSITION, gp(A), False),
    (SMEP, c(5, GLOBAL, A, own=3), True), (SMEP, c(5, GLOBAL, A, own=4), False),
    (INVEPT_A, c(5, 3, A, vcpu=1), False),
])
def test_covers(operation: Closing, tags: Tags, gone: bool) -> None:
    assert covers(operation, tags) is gone


def test_a_fragment_counts_as_its_page() -> None:
    fragment = c(5, 3, A)._replace(page=LA + 0x5000, span=0x20_0000)
    assert covers(INVLPG, fragment)


CONTEXT = Context(0, 0, 0, 2, 2, A, 3, 0x4_0003, NO_PDPTES,
                  Paging(LEVELS_4, True, False, 46, True), True, True, True, 3, 1, B, None, NONE)


@pytest.mark.parametrize(("register", "value", "cr4", "scope"), [
    ("cr3", 0x2004, 0, (0, NO_GLOBALS)), ("cr3", 0x2004, CR4_PCIDE, (4, NO_GLOBALS)), ("cr3", 1 << 63 | 4, CR4_PCIDE, None),
    ("cr4", CR4_PGE, 0, (ANY, ALL_GLOBALS)), ("cr4", 0, CR4_PGE, (ANY, ALL_GLOBALS)), ("cr4", 0, CR4_PCIDE, (ANY, ALL_GLOBALS)),
    ("cr4", CR4_PCIDE, 0, None), ("cr4", CR4_SMEP, 0, (3, OWN_GLOBALS)), ("cr4", 0, CR4_SMEP, None), ("cr4", CR4_PSE, 0, None),
    ("cr0", 1, 0, (ANY, ALL_GLOBALS)), ("cr0", 0x8000_0001, 0, None),
])
def test_scope_of_a_mov_to_a_control_register(register: str, value: int, cr4: int, scope: tuple[int, str] | None) -> None:
    assert cr_scope(CrAccess(CONTEXT, register, value, 0x8000_0001, cr4)) == scope
