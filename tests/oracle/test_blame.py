"""Who changed a table, and who owed a flush."""

from __future__ import annotations

import pytest

from kvmdbg.oracle.blame import transition_function, writer
from oracle.given import CR3_X, DATA, EPT, L1_LA, L2_LA, OTHER, Machine


def last_write_by(machine: Machine, start: int) -> str:
    """The level of the last write to memory since `start`."""
    memory = machine.kvm.hw.memory
    position = max(p for p in range(start, machine.position) if machine.kvm.tape.entries[p][0] is memory)
    return writer(machine.index, 0, position)


def test_words_of_the_debugger_speak_for_their_level() -> None:
    machine = Machine().enter()
    for level, page, by in (("L1", L1_LA, "L1"), ("L2", L2_LA, "L2"), ("ept12", DATA, "L1")):
        start = machine.position
        assert last_write_by(machine.map(level, page, OTHER), start) == by


def test_a_store_is_its_levels() -> None:
    machine = Machine()
    machine.run(f"store {L1_LA:#x}, 9")
    start = machine.position
    assert last_write_by(machine.run(f"store {L1_LA:#x}, 10"), start) == "L1"


def test_a_trapped_store_that_kvm_emulates_is_its_levels_too() -> None:
    """EPT12's upper tables are shadowed, so L1 cannot write to them without an exit."""
    machine = Machine().enter().leave().map("L1", L1_LA, EPT, flags="rwxu").run(f"invlpg {L1_LA:#x}")
    start = machine.position
    machine.run(f"store {L1_LA + 0xFF8:#x}, 0x12345000")
    assert machine.kvm.stats.get((0, "insn_emulation"), 0) == 1
    target = machine.kvm.pages[EPT >> 12] + 0xFF8
    position = max(p for p in range(start, machine.position) if machine.kvm.tape.entries[p][1] == target)
    assert writer(machine.index, 0, position) == "L1"


def test_kvms_own_tables_are_kvms() -> None:
    machine = Machine()
    start = machine.position
    machine.map("L1", 0x41_0000, 0x41_0000).run("load 0x410000")
    root = machine.kvm.mmu(machine.vcpu).root.hpa
    sptes = [p for p in range(start, machine.position) if machine.kvm.tape.entries[p][0] is machine.kvm.hw.memory
             and machine.kvm.tape.entries[p][1] > root]
    assert "L0" in {writer(machine.index, 0, p) for p in sptes}


def test_mov_cr3_is_the_levels_and_vmcs12_is_l1s() -> None:
    machine = Machine().enter()
    start = machine.position
    machine.run(f"mov cr3, {CR3_X + 0x1000:#x}")
    wrote = next(p for p in range(start, machine.position) if machine.kvm.tape.entries[p][1] == "cr3")
    assert writer(machine.index, 0, wrote) == "L2"
    context = machine.index.contexts.of_cpu[0][2]
    assert context.level == 2 and writer(machine.index, 0, context.since) == "L1"


@pytest.mark.parametrize(("name", "function"), [("v6.12", "nested_vmx_transition_tlb_flush"), ("v4.4", "prepare_vmcs02")])
def test_the_function_that_decides_at_a_transition(name: str, function: str) -> None:
    machine = Machine(name).run("vmptrld 0x5000")
    start = machine.position
    machine.run("vmlaunch")
    entered = next(p for p, event in machine.kvm.tape.events(start) if type(event).__name__ == "NestedEntered")
    assert transition_function(machine.index, entered) == function
