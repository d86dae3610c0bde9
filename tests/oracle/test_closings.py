"""Which operations of a session are recognised as completed invalidations."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.controls import CR4_PCIDE, CR4_SMEP
from kvmdbg.machine.hw.tlb import ALL_GLOBALS, NO_GLOBALS, NONZERO_VPID, OWN_GLOBALS
from kvmdbg.machine.hw.tlbkey import COMBINED, GUEST_PHYSICAL
from kvmdbg.oracle.closing import ANY, Closing
from oracle.given import CR3_Y, DATA, EPT, L1_LA, L2_LA, Machine


def closed(machine: Machine, *instructions: str) -> list[Closing]:
    """What the instructions closed."""
    start = len(machine.index.closings.all)
    machine.run(*instructions)
    return machine.index.closings.all[start:]


def scope(closing: Closing) -> tuple[str, bool, int, int, int, int]:
    return closing.by, closing.executed, closing.vpid, closing.pcid, closing.ep4ta, closing.address


def test_what_the_processor_executes() -> None:
    machine = Machine().enter()
    assert [scope(one) for one in closed(machine, f"invlpg {L2_LA:#x}", f"mov cr3, {CR3_Y:#x}")] == [
        ("invlpg", True, 1, 0, ANY, L2_LA), ("mov cr3", True, 1, 0, ANY, ANY)]


def test_mov_cr3_with_bit_63_closes_nothing() -> None:
    machine = Machine().enter()
    cr4 = machine.kvm.cpu(machine.vcpu).cr4
    machine.run(f"mov cr4, {cr4 | CR4_PCIDE:#x}")
    assert closed(machine, f"mov cr3, {1 << 63 | CR3_Y | 5:#x}") == []


def test_what_kvm_emulates_in_its_place() -> None:
    machine = Machine()
    cr4 = machine.kvm.cpu(machine.vcpu).cr4
    smep, = closed(machine, f"mov cr4, {cr4 | CR4_SMEP:#x}")
    assert (smep.by, smep.executed, smep.globals_) == ("mov cr4", False, OWN_GLOBALS)
    assert closed(machine, f"mov cr4, {cr4 | CR4_SMEP | CR4_PCIDE:#x}") == []


@pytest.mark.parametrize(("text", "expected", "globals_"), [
    ("invvpid single-context 1", ("invvpid", False, 1, ANY, ANY, ANY), ALL_GLOBALS),
    ("invvpid all-context 0", ("invvpid", False, NONZERO_VPID, ANY, ANY, ANY), ALL_GLOBALS),
    (f"invvpid individual-address 2 {L2_LA:#x}", ("invvpid", False, 2, ANY, ANY, L2_LA), ALL_GLOBALS),
    ("invvpid single-context-retaining-globals 1", ("invvpid", False, 1, ANY, ANY, ANY), NO_GLOBALS),
    ("invept single-context 0x1001e", ("invept", False, ANY, ANY, EPT >> 12, ANY), ALL_GLOBALS),
    ("invept all-context", ("invept", False, ANY, ANY, ANY, ANY), ALL_GLOBALS),
])
def test_invvpid_and_invept_of_l1(text: str, expected: tuple[str, bool, int, int, int, int], globals_: str) -> None:
    closing, = closed(Machine(), text)
    assert scope(closing) == expected and closing.globals_ == globals_
    assert (GUEST_PHYSICAL in closing.kinds) is (closing.by == "invept")


@pytest.mark.parametrize("text", ["invvpid single-context 0", "invept single-context 0x1001f", "invvpid 9 1"])
def test_a_failed_instruction_closes_nothing(text: str) -> None:
    assert closed(Machine(), text) == []


def test_a_fault_closes_its_page() -> None:
    fault, = closed(Machine().enter(), "load 0x123456789000")
    assert scope(fault) == ("#pf", True, 1, 0, ANY, 0x1234_5678_9000)


def test_a_transition_closes_vpid_0_when_vmcs12_has_none() -> None:
    machine = Machine(vpid=False)
    assert [one.by for one in closed(machine, "vmptrld 0x5000", "vmlaunch", "vmcall")] == ["nested entry", "nested exit"]
    assert closed(Machine(), "vmptrld 0x5000", "vmlaunch", "vmcall") == []


def test_an_entry_that_fails_on_l2s_state_closes_nothing() -> None:
    machine = Machine(vpid=False)
    machine.run("vmclear 0x5000", "vmptrld 0x5000", "vmwrite GUEST_RFLAGS, 0")
    assert closed(machine, "vmlaunch") == []


def test_an_ept_violation_that_l1_gets() -> None:
    machine = Machine().enter().unmap("ept12", DATA)
    machine.run("invlpg 0x800000")
    machine.leave().run("invept all-context")
    found = closed(machine, "vmresume", f"load {L2_LA:#x}")
    assert [(one.by, one.kinds, one.address) for one in found] == [
        ("ept violation", (GUEST_PHYSICAL,), DATA), ("ept violation", (COMBINED,), L2_LA)]


def test_questions_about_an_interval() -> None:
    machine = Machine()
    start = machine.position
    machine.run(f"invlpg {L1_LA:#x}", f"invlpg {L1_LA + 0x1000:#x}")
    closings = machine.index.closings
    first, second = closings.between(start, machine.position)
    assert closings.after(start, machine.position, lambda one: one.address != L1_LA) == second
    assert closings.after(start, second.position, lambda one: one.address != L1_LA) is None
    assert closings.before(machine.position, lambda one: one.address == L1_LA) == first.position
    assert closings.count(second.position) == closings.count(machine.position) - 1
