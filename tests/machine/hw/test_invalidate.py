"""Operands, events and the manual's worked examples of invalidation; the whole table is test_invalidation_csv.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kvmdbg.machine.hw import invalidate
from kvmdbg.machine.hw.controls import CR0_PG, CR0_WP, CR4_PAE, CR4_PCIDE, CR4_PGE, CR4_PSE, CR4_SMEP
from kvmdbg.machine.hw.events import Invalidated
from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.state import Caps, Cpu, Hardware
from kvmdbg.machine.hw.tlb import insert
from kvmdbg.machine.hw.tlbkey import COMBINED, GLOBAL, GUEST_PHYSICAL, LINEAR, NONE, TlbKey
from support import enter_non_root, events, new_hardware

L = 0x40_1000                       # the page of the worked examples, and
G = 0x9000                          # the guest-physical page it translates to
A, B = 0x7, 0x8                     # two EP4TAs
EPTP_A = 0x701E
NON_CANONICAL = 0x8000_0000_0000
Operation = Callable[[Hardware, Cpu], object]


def c(vpid: int, pcid: int, tag: int, is_global: int = 0) -> tuple[TlbKey, int]:
    return TlbKey(COMBINED, vpid, GLOBAL if is_global else pcid, tag, L, 0x1000), pcid


def lin(vpid: int, pcid: int, is_global: int = 0) -> tuple[TlbKey, int]:
    return TlbKey(LINEAR, vpid, GLOBAL if is_global else pcid, NONE, L, 0x1000), pcid


def gp(tag: int) -> tuple[TlbKey, int]:
    return TlbKey(GUEST_PHYSICAL, NONE, NONE, tag, G, 0x1000), 0


def machine(*cached: tuple[TlbKey, int], caps: Caps = Caps()) -> Hardware:
    """VPID 5, PCID 3, EP4TA A, with translations cached as if under the PCID beside each key."""
    hw = new_hardware(caps)
    cpu = hw.cpus[0]
    enter_non_root(cpu, 5, EPTP_A)
    cpu.cr4 |= CR4_PCIDE
    for key, pcid in cached:
        cpu.cr3 = 0x1000 | pcid
        insert(hw, cpu, key, frame=G)
    cpu.cr3 = 0x1003
    return hw


def toggle_cr4(bits: int) -> Operation:
    def mov_cr4(hw: Hardware, cpu: Cpu) -> None:
        invalidate.mov_cr4(hw, cpu, cpu.cr4, cpu.cr4 ^ bits)
    return mov_cr4


EXAMPLES: list[tuple[str, Operation, list[tuple[tuple[TlbKey, int], bool]]]] = [
    ("1 MOV CR3", lambda hw, cpu: invalidate.mov_cr3(hw, cpu, 0x2003),
     [(c(5, 3, A), True), (c(5, 3, B), True), (c(5, 3, A, 1), False), (c(5, 4, A), False), (c(6, 3, A), False), (gp(A), False)]),
    ("2 MOV CR3 with bit 63", lambda hw, cpu: invalidate.mov_cr3(hw, cpu, 1 << 63 | 0x2003), [(c(5, 3, A), False)]),
    ("3 INVLPG", lambda hw, cpu: invalidate.invlpg(hw, cpu, L),
     [(c(5, 3, A), True), (c(5, 4, A, 1), True), (c(5, 4, A), False), (lin(5, 3), True), (gp(A), False)]),
    ("4 CR4.PGE", toggle_cr4(CR4_PGE), [(c(5, 9, B, 1), True), (c(6, 3, A), False)]),
    ("5 INVVPID type 3", lambda hw, cpu: invalidate.invvpid(hw, cpu, 3, 5, 0),
     [(c(5, 9, B), True), (c(5, 3, A, 1), False), (gp(A), False)]),
    ("6 INVVPID type 2", lambda hw, cpu: invalidate.invvpid(hw, cpu, 2, 0, 0), [(c(5, 3, A, 1), True), (lin(0, 0), False)]),
    ("7 INVEPT type 1", lambda hw, cpu: invalidate.invept(hw, cpu, 1, EPTP_A),
     [(c(5, 3, A, 1), True), (c(0, 0, A), True), (lin(5, 3), False), (c(5, 3, B), False), (gp(A), True)]),
    ("8 VM exit, VPID control 0", lambda hw, cpu: invalidate.vpid_transition(hw, cpu, "vm exit"),
     [(lin(0, 7, 1), True), (c(0, 3, B), True), (c(5, 3, A), False), (gp(A), False)]),
    ("11 EPT violation", lambda hw, cpu: invalidate.ept_violation(hw, cpu, G + 8, L + 8),
     [(gp(A), True), (c(5, 3, A, 1), True), (c(5, 4, A), False), (c(6, 3, A), False)]),
]


@pytest.mark.parametrize(("operation", "cached"), [example[1:] for example in EXAMPLES], ids=[example[0] for example in EXAMPLES])
def test_worked_examples(operation: Operation, cached: list[tuple[tuple[TlbKey, int], bool]]) -> None:
    """architecture.md B, "Worked examples", numbered as there; each entry alone, since some would share a key."""
    for entry, gone in cached:
        hw = machine(entry)
        operation(hw, hw.cpus[0])
        assert (len(hw.tlb[0]) == 0) == gone, entry


@pytest.mark.parametrize("operation", [
    lambda hw, cpu: invalidate.mov_cr3(hw, cpu, 1 << 63 | 0x2003),
    lambda hw, cpu: invalidate.invlpg(hw, cpu, NON_CANONICAL),
    lambda hw, cpu: invalidate.mov_cr0(hw, cpu, cpu.cr0, cpu.cr0 ^ CR0_WP),
    lambda hw, cpu: invalidate.mov_cr0(hw, cpu, cpu.cr0 & ~CR0_PG, cpu.cr0 | CR0_PG),
    toggle_cr4(CR4_PSE),
    lambda hw, cpu: invalidate.mov_cr4(hw, cpu, cpu.cr4 | CR4_SMEP, cpu.cr4),
    lambda hw, cpu: invalidate.mov_cr4(hw, cpu, cpu.cr4 & ~CR4_PCIDE, cpu.cr4),
    lambda hw, cpu: invalidate.page_fault(hw, cpu, 0x1000),
    lambda hw, cpu: invalidate.ept_violation(hw, cpu, 0x1000, None),
    lambda hw, cpu: invalidate.invvpid(hw, cpu, 4, 5, 0),
    lambda hw, cpu: invalidate.invept(hw, cpu, 0, EPTP_A),
])
def test_what_has_nothing_to_invalidate_leaves_no_trace(operation: Operation) -> None:
    hw = machine(c(5, 3, A), lin(5, 3), gp(A))
    end = hw.tape.end
    operation(hw, hw.cpus[0])
    assert hw.tape.end == end


@pytest.mark.parametrize(("operation", "event"), [
    (lambda hw, cpu: invalidate.mov_cr3(hw, cpu, 0x2004), Invalidated(0, "mov cr3", "", 5, 4, -1, -1, ())),
    (toggle_cr4(CR4_PGE), Invalidated(0, "mov cr4", "", 5, -1, -1, -1, ())),
    (toggle_cr4(CR4_SMEP), Invalidated(0, "mov cr4", "", 5, 3, -1, -1, ())),
    (toggle_cr4(CR4_PAE), Invalidated(0, "mov cr4", "", 5, 3, -1, -1, ())),
    (toggle_cr4(CR4_PCIDE), Invalidated(0, "mov cr4", "", 5, -1, -1, -1, ())),
    (lambda hw, cpu: invalidate.mov_cr0(hw, cpu, cpu.cr0, cpu.cr0 & ~CR0_PG), Invalidated(0, "mov cr0", "", 5, -1, -1, -1, ())),
    (lambda hw, cpu: invalidate.invlpg(hw, cpu, L + 7), Invalidated(0, "invlpg", "", 5, 3, -1, L + 7, ())),
    (lambda hw, cpu: invalidate.invpcid(hw, cpu, 0, 4, L), Invalidated(0, "invpcid", "individual-address", 5, 4, -1, L, ())),
    (lambda hw, cpu: invalidate.invpcid(hw, cpu, 1, 4, L), Invalidated(0, "invpcid", "single-context", 5, 4, -1, -1, ())),
    (lambda hw, cpu: invalidate.invpcid(hw, cpu, 2, 4, L),
     Invalidated(0, "invpcid", "all-context-including-globals", 5, -1, -1, -1, ())),
    (lambda hw, cpu: invalidate.invpcid(hw, cpu, 3, 4, L), Invalidated(0, "invpcid", "all-context", 5, -1, -1, -1, ())),
    (lambda hw, cpu: invalidate.vpid_transition(hw, cpu, "vm entry"), Invalidated(0, "vm entry", "", 0, -1, -1, -1, ())),
    (lambda hw, cpu: invalidate.invvpid(hw, cpu, 0, 9, L), Invalidated(0, "invvpid", "individual-address", 9, -1, -1, L, ())),
    (lambda hw, cpu: invalidate.invvpid(hw, cpu, 1, 9, L), Invalidated(0, "invvpid", "single-context", 9, -1, -1, -1, ())),
    (lambda hw, cpu: invalidate.invvpid(hw, cpu, 2, 9, L), Invalidated(0, "invvpid", "all-context", -1, -1, -1, -1, ())),
    (lambda hw, cpu: invalidate.invvpid(hw, cpu, 3, 9, L),
     Invalidated(0, "invvpid", "single-context-retaining-globals", 9, -1, -1, -1, ())),
    (lambda hw, cpu: invalidate.invept(hw, cpu, 1, 0x901E), Invalidated(0, "invept", "single-context", -1, -1, 9, -1, ())),
    (lambda hw, cpu: invalidate.invept(hw, cpu, 2, 0x901E), Invalidated(0, "invept", "all-context", -1, -1, -1, -1, ())),
])
def test_an_operation_names_its_scope_even_when_nothing_is_cached(operation: Operation, event: Invalidated) -> None:
    hw = machine()
    operation(hw, hw.cpus[0])
    assert events(hw) == [event]


def test_a_fault_names_what_it_forgets() -> None:
    hw = machine(c(5, 3, A), gp(A))
    cpu = hw.cpus[0]
    invalidate.ept_violation(hw, cpu, G + 8, None)
    invalidate.page_fault(hw, cpu, L + 8)
    assert events(hw) == [Invalidated(0, "ept violation", "", 5, 3, A, G + 8, (gp(A)[0],)),
                          Invalidated(0, "#pf", "", 5, 3, -1, L + 8, (c(5, 3, A)[0],))]


@pytest.mark.parametrize("operation", [
    lambda hw, cpu: invalidate.page_fault(hw, cpu, L), lambda hw, cpu: invalidate.ept_violation(hw, cpu, G, L)])
def test_a_global_translation_that_faulted_never_outlives_its_fault(operation: Operation) -> None:
    """Cached under another PCID, but used under this one: it would fault for ever."""
    hw = machine(c(5, 4, A, 1))
    operation(hw, hw.cpus[0])
    assert len(hw.tlb[0]) == 0


@pytest.mark.parametrize("bit", [CR4_SMEP, CR4_PAE])
@pytest.mark.parametrize(("pcid", "gone"), [(3, True), (4, False)])
def test_smep_and_pae_spare_globals_cached_under_another_pcid(bit: int, pcid: int, gone: bool) -> None:
    hw = machine(c(5, pcid, A, 1))
    toggle_cr4(bit)(hw, hw.cpus[0])
    assert (len(hw.tlb[0]) == 0) == gone


def test_mov_cr4_takes_the_current_pcid_from_before_the_write() -> None:
    """SMEP and PCIDE go to 1 at once: what is cached so far belongs to PCID 000H."""
    hw = machine(c(5, 0, A))
    cpu = hw.cpus[0]
    old = cpu.cr4 & ~CR4_PCIDE
    invalidate.mov_cr4(hw, cpu, old, old | CR4_PCIDE | CR4_SMEP)
    assert len(hw.tlb[0]) == 0


@pytest.mark.parametrize("operation", [
    lambda hw, cpu: invalidate.invlpg(hw, cpu, 0x5F_FFFF),
    lambda hw, cpu: invalidate.page_fault(hw, cpu, 0x5F_FFFF),
    lambda hw, cpu: invalidate.invpcid(hw, cpu, 0, 3, 0x5F_FFFF),
    lambda hw, cpu: invalidate.invvpid(hw, cpu, 0, 5, 0x5F_FFFF),
])
def test_every_fragment_of_a_large_page_goes(operation: Operation) -> None:
    hw = machine()
    for page in (0x40_0000, 0x40_1000, 0x5F_F000):
        insert(hw, hw.cpus[0], TlbKey(COMBINED, 5, 3, A, page, 0x1000), frame=page, span=0x20_0000)
    operation(hw, hw.cpus[0])
    assert len(hw.tlb[0]) == 0


ONLY_1 = Caps(invvpid_types=(1,), invept_types=(1,))


@pytest.mark.parametrize(("type", "vpid", "la", "caps", "result"), [
    (0, 5, L, Caps(), 0), (1, 5, NON_CANONICAL, Caps(), 0), (2, 0, NON_CANONICAL, Caps(), 0), (3, 0xFFFF, 0, Caps(), 0),
    (0, 0, L, Caps(), 28), (1, 0, L, Caps(), 28), (3, 0, L, Caps(), 28),
    (0, 0x1_0005, L, Caps(), 28), (1, 1 << 63 | 5, L, Caps(), 28), (2, 0x1_0000, L, Caps(), 28), (3, 0x1_0005, L, Caps(), 28),
    (0, 5, NON_CANONICAL, Caps(), 28), (4, 5, L, Caps(), 28), (1 << 32 | 1, 5, L, Caps(), 28),
    (0, 5, L, ONLY_1, 28), (1, 5, L, ONLY_1, 0), (2, 5, L, ONLY_1, 28), (3, 5, L, ONLY_1, 28),
])
def test_operands_of_invvpid(type: int, vpid: int, la: int, caps: Caps, result: int) -> None:
    hw = machine(c(5, 3, A), caps=caps)
    assert invalidate.invvpid(hw, hw.cpus[0], type, vpid, la) == result
    assert len(events(hw, Invalidated)) == (result == 0)


@pytest.mark.parametrize(("type", "eptp", "caps", "result"), [
    (1, 0x701E, Caps(), 0), (1, 0x705E, Caps(), 0), (2, 0x701E, Caps(), 0), (2, 0xFFFF_FFFF, Caps(), 0),
    (1, 0x7000, Caps(), 28), (1, 0x705E, Caps(ept_ad=False), 28), (1, 0x701E | 1 << 46, Caps(), 28),
    (0, 0x701E, Caps(), 28), (3, 0x701E, Caps(), 28), (1 << 32 | 1, 0x701E, Caps(), 28),
    (2, 0x701E, ONLY_1, 28),
])
def test_operands_of_invept(type: int, eptp: int, caps: Caps, result: int) -> None:
    hw = machine(c(5, 3, A), caps=caps)
    assert invalidate.invept(hw, hw.cpus[0], type, eptp) == result
    assert len(events(hw, Invalidated)) == (result == 0)


@pytest.mark.parametrize("caps", [Caps(vpid=False, ept=False), Caps(invvpid_types=(), invept_types=())])
def test_a_processor_without_the_instruction_raises_ud(caps: Caps) -> None:
    hw = machine(caps=caps)
    with pytest.raises(GuestFault, match="#UD"):
        invalidate.invvpid(hw, hw.cpus[0], 1, 5, 0)
    with pytest.raises(GuestFault, match="#UD"):
        invalidate.invept(hw, hw.cpus[0], 1, EPTP_A)
