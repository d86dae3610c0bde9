"""How long a stale value is to be expected."""

from __future__ import annotations

from kvmdbg.oracle.components import Cached, Component, components
from kvmdbg.oracle.verdict import look
from kvmdbg.oracle.window import Window, closed, window
from oracle.given import DATA, L1_LA, L2_LA, OTHER, Machine


def part_of(machine: Machine, kind: str, page: int, name: str) -> tuple[Cached, Component]:
    cached = look(machine.index, 0, machine.keys(kind, page)[0], machine.position)
    return cached, next(part for part in components(machine.index, cached) if part.name == name)


def of(machine: Machine, kind: str, page: int, name: str) -> tuple[Window, str]:
    cached, part = part_of(machine, kind, page, name)
    gone = window(machine.index, cached, part, machine.position)
    ended = closed(machine.index, cached, part, gone, machine.position)
    return gone, ended.by if ended is not None else ""


def test_it_begins_with_the_write() -> None:
    machine = Machine()
    start = machine.position
    machine.map("L1", L1_LA, OTHER)
    gone, ended = of(machine, "combined", L1_LA, "guest")
    assert start <= gone.changed_by < machine.position and gone.refilled == gone.changed_by and not ended


def test_a_value_that_came_back_and_went_again() -> None:
    machine = Machine().map("L1", L1_LA, OTHER).map("L1", L1_LA, L1_LA)
    start = machine.position
    machine.map("L1", L1_LA, OTHER)
    assert of(machine, "combined", L1_LA, "guest")[0].changed_by >= start


def test_nothing_is_cached_again_while_the_level_does_not_run() -> None:
    """L2 has left before L1 edits its table: what is invalidated in between cannot come back."""
    machine = Machine().enter().leave()
    stay = machine.position
    machine.run("nop").map("L2", L2_LA, OTHER, root=0x4_0000, eptp=0x1_0000)
    cached, part = part_of(machine, "combined", L2_LA, "guest")
    gone = window(machine.index, cached, part, machine.position)
    assert gone.refilled < stay <= gone.changed_by


def test_killing_combined_mappings_leaves_the_guest_physical_one_as_a_source() -> None:
    machine = Machine().enter().map("ept12", DATA, OTHER)
    machine.leave()
    machine.run("invvpid single-context 1", "vmresume", f"load {L2_LA:#x}")
    assert of(machine, "combined", L2_LA, "ept12")[1] == ""
    machine.leave().run("invept all-context")
    assert of(machine, "guest-physical", DATA, "ept12")[1] == "invept"
