"""Which operations of the table a session contains."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import CR4_SMEP
from kvmdbg.machine.kvm.state import Config
from kvmdbg.oracle.operations import Done, operations
from oracle.given import CR3_Y, DATA, L2_LA, Machine


def done(machine: Machine, *instructions: str) -> list[Done]:
    start = machine.position
    machine.run(*instructions)
    return list(operations(machine.index, start, machine.position))


def names(found: list[Done]) -> list[str]:
    return [one.operation.name for one in found]


def test_instructions_of_the_guest() -> None:
    found = done(Machine().enter(), f"invlpg {L2_LA:#x}", f"mov cr3, {CR3_Y:#x}", "load 0x123456789000", "nop")
    found = [one for one in found if one.operation.name != "EPT_VIOLATION"]
    assert names(found) == ["INVLPG", "MOV_CR3", "PAGE_FAULT"]
    assert (found[0].operation.vpid, found[0].operation.la) == (2, L2_LA)
    assert found[1].operation.conditions == ("CR4.PCIDE=0",) and found[2].operation.la == 0x1234_5678_9000


def test_instructions_of_kvm() -> None:
    found = done(Machine().enter().leave(), "vmwrite VIRTUAL_PROCESSOR_ID, 9", "vmresume")
    assert [one.operation[:2] for one in found] == [("INVVPID", ("type 1",))] and found[0].operation.named_vpid == 2


def test_an_ept_violation_and_its_addresses() -> None:
    machine = Machine().enter().leave().unmap("ept12", DATA).run("invept all-context", "vmresume")
    violations = [one.operation for one in done(machine, f"load {L2_LA:#x}") if one.operation.name == "EPT_VIOLATION"]
    assert (violations[-1].gpa, violations[-1].la) == (DATA, L2_LA)


def test_transitions_without_vpid() -> None:
    assert names(done(Machine(config=Config(enable_vpid=False)), "cpuid")) == ["VM_EXIT", "VM_ENTRY"]
    assert names(done(Machine(), "cpuid")) == []


def test_a_change_of_cr4_that_the_processor_executes() -> None:
    machine = Machine()
    cr4 = machine.kvm.cpu(machine.vcpu).cr4
    assert names(done(machine, f"mov cr4, {cr4 ^ 0x80:#x}")) == ["MOV_CR4"]
    assert "MOV_CR4" not in names(done(machine, f"mov cr4, {cr4 ^ 0x80 | CR4_SMEP:#x}"))


def test_the_check_comes_when_everything_dropped_is_gone() -> None:
    machine = Machine().enter()
    found, = done(machine, f"invlpg {L2_LA:#x}")
    assert machine.index.keys_at(0, found.position) == tuple(key for key, _ in machine.kvm.hw.tlb[0].items())
