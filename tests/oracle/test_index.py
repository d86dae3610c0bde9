"""The index follows the tape: values at any position, and what a cut takes away."""

from __future__ import annotations

from gc import collect
from weakref import ref

import pytest

from kvmdbg.errors import ModelBug
from kvmdbg.machine.boot import boot
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.memory import write64
from kvmdbg.oracle.index import STRIDE, Index, index_of
from kvmdbg.tape import Tape
from oracle.given import L2_LA, OTHER, Machine

PA = 0x2_0000_0000


def answers(index: Index, positions: range) -> list[object]:
    """Everything that the index says, at a few positions."""
    cell = [index.read_at(PA, position) for position in positions]
    keys = [index.keys_at(0, position) for position in positions]
    return [cell, keys, [index.contexts.at(0, position) for position in positions], index.closings.all, index.changes, index.read]


def test_a_cell_has_its_value_of_every_position() -> None:
    kvm = boot(kernel("v6.12"))
    write64(kvm.hw, PA, 5)
    write64(kvm.hw, PA, 0)
    write64(kvm.hw, PA, 7)
    index = index_of(kvm)
    assert [index.read_at(PA, position) for position in range(4)] == [0, 5, 0, 7]
    assert [index.last_write(kvm.hw.memory, PA, position) for position in range(4)] == [-1, 0, 1, 2]


def test_the_cursor_does_not_matter() -> None:
    kvm = boot(kernel("v6.12"))
    write64(kvm.hw, PA, 5)
    kvm.tape.seek(0)
    assert [index_of(kvm).read_at(PA, position) for position in range(2)] == [0, 5]


def test_a_cell_never_written_has_the_value_it_has_now() -> None:
    kvm = boot(kernel("v6.12"))
    assert index_of(kvm).field_at(kvm.vcpus[0], "todo", 0) == kvm.vcpus[0].todo
    assert index_of(kvm).read_at(PA, 0) == 0


def test_after_a_cut_an_index_says_what_a_new_one_says() -> None:
    machine = Machine().enter()
    index = machine.index
    end = machine.position
    machine.leave().run("vmresume", f"load {L2_LA:#x}").map("L2", L2_LA, OTHER).run(f"invlpg {L2_LA:#x}")
    assert machine.index.read > end + STRIDE // 4
    machine.kvm.tape.seek(end)
    piece = machine.kvm.tape.cut()
    machine.run(f"invlpg {L2_LA:#x}", f"load {L2_LA:#x}", "vmcall")
    positions = range(0, machine.position, 50)
    assert machine.index is index
    assert answers(index, positions) == answers(_fresh(machine), positions)
    machine.kvm.tape.seek(end)
    machine.kvm.tape.cut()
    machine.kvm.tape.paste(piece)
    positions = range(0, machine.position, 50)
    assert answers(machine.index, positions) == answers(_fresh(machine), positions)


def _fresh(machine: Machine) -> Index:
    index = Index(machine.kvm)
    index.refresh()
    return index


def test_an_entry_is_found_with_its_fill() -> None:
    machine = Machine().enter()
    key = machine.keys("combined", L2_LA)[0]
    filled = machine.index.filled_at(0, key, machine.position)
    assert machine.index.entry_at(0, key, filled) is None
    assert machine.index.entry_at(0, key, filled + 1) == machine.kvm.hw.tlb[0][key]
    assert key in machine.index.keys_at(0, filled + 1) and key not in machine.index.keys_at(0, filled)


def test_changes_between_two_positions() -> None:
    kvm = boot(kernel("v6.12"))
    write64(kvm.hw, PA, 5)
    write64(kvm.hw, PA + 8, 5)
    index = index_of(kvm)
    assert index.changed(((kvm.hw.memory, PA),), 0, 1) and not index.changed(((kvm.hw.memory, PA),), 1, 2)
    assert index.changed_at_all(1, 2) and not index.changed_at_all(2, 9)


def test_a_machine_without_a_tape_has_no_index() -> None:
    kvm = boot(kernel("v6.12"), recording=False)
    assert isinstance(kvm.tape, Tape)
    with pytest.raises(ModelBug, match="does not record"):
        index_of(kvm)


def test_an_index_does_not_keep_its_machine_alive() -> None:
    kvm = boot(kernel("v6.12"))
    index, machine = index_of(kvm), ref(kvm)
    del kvm
    collect()
    assert machine() is None
    with pytest.raises(ModelBug, match="gone"):
        _ = index.kvm
