"""What a translation is made of, and which part differs from the tables."""

from __future__ import annotations

import pytest

from kvmdbg.machine.kvm.shadow import rmap_write_protect
from kvmdbg.oracle.components import EPT12, GUEST, HOST, components
from kvmdbg.oracle.verdict import look
from kvmdbg.oracle.walks import Past
from oracle.given import DATA, L1_LA, L2_LA, OTHER, Machine


def parts(machine: Machine, kind: str, page: int) -> dict[str, str]:
    cached = look(machine.index, 0, machine.keys(kind, page)[0], machine.position)
    return {part.name: part.owner for part in components(machine.index, cached)}


def wrong(machine: Machine, kind: str, page: int) -> list[str]:
    """Names of the components that differ now."""
    cached = look(machine.index, 0, machine.keys(kind, page)[0], machine.position)
    past = Past(machine.index, machine.position)
    return [part.name for part in components(machine.index, cached) if not part.fresh(past)]


def test_the_parts_of_each_kind() -> None:
    assert parts(Machine(), "combined", L1_LA) == {GUEST: "L1", HOST: "L0"}
    assert parts(Machine(), "guest-physical", L1_LA) == {HOST: "L0"}
    assert parts(Machine().enter(), "combined", L2_LA) == {GUEST: "L2", EPT12: "ept12", HOST: "L0"}
    assert parts(Machine().enter(), "guest-physical", DATA) == {EPT12: "ept12", HOST: "L0"}
    assert parts(Machine(ept=False).enter(), "combined", L2_LA) == {GUEST: "L2", HOST: "L0"}


@pytest.mark.parametrize(("flags", "expected"), [("rwxu", []), ("rwx", [GUEST]), ("rxu", [GUEST]), ("rwu", [GUEST])])
def test_lost_rights_differ(flags: str, expected: list[str]) -> None:
    machine = Machine().map("L1", L1_LA, L1_LA, flags=flags)
    assert wrong(machine, "combined", L1_LA) == expected


def test_rights_that_came_later_do_not() -> None:
    machine = Machine().map("L1", L1_LA, L1_LA, flags="r").run(f"invlpg {L1_LA:#x}", f"load {L1_LA:#x}")
    assert wrong(machine.map("L1", L1_LA, L1_LA, flags="rwxu"), "combined", L1_LA) == []


def test_accessed_and_dirty_flags_do_not_matter() -> None:
    machine = Machine().map("L1", L1_LA, L1_LA)      # the word writes the entry afresh, without A
    assert wrong(machine, "combined", L1_LA) == []


def test_a_large_page_that_is_split_differs_only_for_what_is_larger() -> None:
    machine = Machine().map("L1", 0x60_0000, 0x60_0000, size=0x20_0000).run("load 0x600000")
    assert wrong(machine, "combined", 0x60_0000) == []


def test_write_protection_by_kvm_is_the_hosts_part() -> None:
    machine = Machine().enter()
    assert wrong(machine, "combined", L2_LA) == []
    rmap_write_protect(machine.kvm, DATA >> 12)
    assert wrong(machine, "combined", L2_LA) == [HOST]
    assert wrong(machine, "guest-physical", DATA) == [HOST]


def test_each_level_answers_for_its_own() -> None:
    assert wrong(Machine().enter().map("L2", L2_LA, OTHER), "combined", L2_LA) == [GUEST]
    assert wrong(Machine().enter().map("ept12", DATA, OTHER), "combined", L2_LA) == [EPT12]
    assert wrong(Machine().enter().map("ept12", DATA, DATA, flags="r"), "combined", L2_LA) == [EPT12]
