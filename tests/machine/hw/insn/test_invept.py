"""INVEPT."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.events import Completed, Faulted, Invalidated
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.paging import RW, P
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.hw.tlbkey import COMBINED, GUEST_PHYSICAL, LINEAR, NONE, TlbEntry, TlbKey
from support import HOST_CR3, events, map_page
from vmx import in_guest, with_vmcs

ENTRY = TlbEntry(0, True, True, True, True, True, NONE, 0, 0)
KEYS = (TlbKey(COMBINED, 0, 0, 0x70, 0, 0x1000), TlbKey(COMBINED, 5, 0, 0x71, 0, 0x1000),
        TlbKey(GUEST_PHYSICAL, NONE, NONE, 0x70, 0, 0x1000), TlbKey(LINEAR, 5, 0, NONE, 0, 0x1000))


@pytest.mark.parametrize(("operands", "left"), [("single-context 0x7001e", (KEYS[1], KEYS[3])), ("all-context", (KEYS[3],))])
def test_entries_of_the_ept_go(operands: str, left: tuple[TlbKey, ...]) -> None:
    hw, cpu = with_vmcs()
    for key in KEYS:
        hw.tlb[0][key] = ENTRY
    assert execute(hw, cpu, parse_insn(f"invept {operands}")) == RETIRED
    assert tuple(hw.tlb[0]) == left
    assert events(hw, Completed) == [Completed(0, "invept", "VMsucceed", 0)]


@pytest.mark.parametrize("operands", ["0 0x7001e", "3 0x7001e", "-1 0", "single-context 0x70006", "0 @0xdead000"])
def test_failures_invalidate_nothing(operands: str) -> None:
    """The last one: the type is tested before the descriptor is read, so that no page fault comes of it."""
    hw, cpu = with_vmcs()
    assert execute(hw, cpu, parse_insn(f"invept {operands}")) == RETIRED
    assert events(hw, Completed, Invalidated) == [Completed(0, "invept", "VMfailValid", 28)]


def test_the_descriptor_may_be_in_memory() -> None:
    hw, cpu = with_vmcs()
    map_page(hw, HOST_CR3, 0x7000, 0x9000 | P | RW)
    write64(hw, 0x9000, 0x7_001E)
    assert execute(hw, cpu, parse_insn("invept single-context @0x7000")) == RETIRED
    found = events(hw, Invalidated)[-1]
    assert isinstance(found, Invalidated)
    assert (found.by, found.ep4ta) == ("invept", 0x70)


@pytest.mark.parametrize("caps", [Caps(ept=False), Caps(invept_types=())])
def test_a_processor_without_it(caps: Caps) -> None:
    hw, cpu = with_vmcs(caps=caps)
    assert execute(hw, cpu, parse_insn("invept all-context")) == FAULTED
    assert events(hw, Faulted) == [Faulted(0, "#UD", 0, 0)]


def test_a_guest_exits() -> None:
    hw, cpu = in_guest(cpl=3)
    assert execute(hw, cpu, parse_insn("invept all-context")) == EXITED
    assert (vmcs.read(hw, cpu, F.VM_EXIT_REASON), vmcs.read(hw, cpu, F.EXIT_QUALIFICATION)) == (50, 0)
