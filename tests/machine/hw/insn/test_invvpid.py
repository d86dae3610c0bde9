"""INVVPID."""

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
from kvmdbg.machine.hw.tlbkey import COMBINED, NONE, TlbEntry, TlbKey
from support import HOST_CR3, events, map_page
from vmx import in_guest, with_vmcs

ENTRY = TlbEntry(0, True, True, True, True, True, NONE, 0, 0)


@pytest.mark.parametrize(("operands", "left"), [
    ("single-context 9", [0, 5]), ("all-context", [0]), ("individual-address 9 0x1000", [0, 5, 9]),
    ("individual-address 9 0", [0, 5]), ("single-context-retaining-globals 5", [0, 9])])
def test_entries_of_the_vpid_go(operands: str, left: list[int]) -> None:
    hw, cpu = with_vmcs()
    for vpid in (0, 5, 9):
        hw.tlb[0][TlbKey(COMBINED, vpid, 0, 0x70, 0, 0x1000)] = ENTRY
    assert execute(hw, cpu, parse_insn(f"invvpid {operands}")) == RETIRED
    assert [key.vpid for key in hw.tlb[0]] == left
    assert events(hw, Completed) == [Completed(0, "invvpid", "VMsucceed", 0)]


@pytest.mark.parametrize("operands", ["4 9", "-1 9", "single-context 0", "single-context 0x10009", "all-context 0x10000",
                                      "individual-address 9 0x800000000000", "7 @0xdead000"])
def test_failures_invalidate_nothing(operands: str) -> None:
    """The last one: the type is tested before the descriptor is read, so that no page fault comes of it."""
    hw, cpu = with_vmcs()
    assert execute(hw, cpu, parse_insn(f"invvpid {operands}")) == RETIRED
    assert events(hw, Completed, Invalidated) == [Completed(0, "invvpid", "VMfailValid", 28)]


def test_the_descriptor_may_be_in_memory() -> None:
    hw, cpu = with_vmcs()
    map_page(hw, HOST_CR3, 0x7000, 0x9000 | P | RW)
    write64(hw, 0x9000, 9)
    write64(hw, 0x9008, 0x40_1000)
    assert execute(hw, cpu, parse_insn("invvpid individual-address @0x7000")) == RETIRED
    found = events(hw, Invalidated)[-1]
    assert isinstance(found, Invalidated)
    assert (found.by, found.type, found.vpid, found.address) == ("invvpid", "individual-address", 9, 0x40_1000)


def test_a_descriptor_that_is_not_mapped_faults() -> None:
    hw, cpu = with_vmcs()
    assert execute(hw, cpu, parse_insn("invvpid single-context @0x7000")) == FAULTED


@pytest.mark.parametrize("caps", [Caps(vpid=False), Caps(invvpid_types=())])
def test_a_processor_without_it(caps: Caps) -> None:
    hw, cpu = with_vmcs(caps=caps)
    assert execute(hw, cpu, parse_insn("invvpid all-context")) == FAULTED
    assert events(hw, Faulted) == [Faulted(0, "#UD", 0, 0)]


def test_a_guest_exits_and_nothing_is_invalidated() -> None:
    hw, cpu = in_guest(cpl=3)
    assert execute(hw, cpu, parse_insn("invvpid 9 @0x7000")) == EXITED
    fields = (F.VM_EXIT_REASON, F.EXIT_QUALIFICATION, F.VMX_INSTRUCTION_INFO)
    assert [vmcs.read(hw, cpu, field) for field in fields] == [53, 0x7000, 0x1841_8100]
    assert not events(hw, Invalidated)
