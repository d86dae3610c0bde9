"""ept_set."""

from __future__ import annotations

import pytest

from casework import OPEN_EPT, harness, observe, operation
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import ept
from kvmdbg.session.cases.operations.ept_set import ept_set, new_value
from kvmdbg.session.cases.player import EPT12

LEAF = 0x80_0037
G = 1 << 39


@pytest.mark.parametrize(("text", "value"), [
    ("perms=---", LEAF & ~7), ("perms=r--", LEAF & ~6), ("perms=-w-", LEAF & ~5), ("perms=r-x", LEAF & ~2), ("perms=rwx", LEAF),
    ("memtype=2", LEAF & ~0x38 | 2 << 3), ("set_bit=11", LEAF | 1 << 11), ("flip_bit=0", LEAF ^ 1),
    ("set_bit=MAXPHYADDR", LEAF | 1 << 46), ("perms=--- set_bit=52", LEAF & ~7 | 1 << 52),
    ("present=0", LEAF & ~7), ("present=true", LEAF),
])
def test_new_entries(text: str, value: int) -> None:
    assert new_value(harness(OPEN_EPT), operation(f"L1: ept_set gpa=G {text}")[0], LEAF) == value


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_every_level_can_lose_its_rights(level: int) -> None:
    steps = observe(f"L1: ept_set gpa=G level={level} perms=---", "L1: invept type=1", "L2: load gpa=G", given=OPEN_EPT)
    assert (steps[2].seen.reason, steps[2].seen.qualification) == (48, 0x181)


def test_a_large_page_takes_the_place_of_the_table() -> None:
    h = harness(OPEN_EPT)
    h.large = True
    h.touch(G)
    ept_set(h, *operation("L1: ept_set gpa=G level=2 perms=rwx"))
    _, value = h.player.entry(EPT12, G, 2)
    assert value & ept.LARGE and value & ept.RIGHTS == ept.RIGHTS and value & ept.ADDRESS & 0x1F_FFFF == 0
    ept_set(h, *operation("L1: ept_set gpa=G level=2 perms=r--"))
    _, again = h.player.entry(EPT12, G, 2)
    assert again == value & ~6


def test_a_gibibyte_page() -> None:
    h = harness(OPEN_EPT)
    h.large = True
    h.touch(G)
    ept_set(h, *operation("L1: ept_set gpa=G level=3 perms=rwx"))
    _, value = h.player.entry(EPT12, G, 3)
    assert value & ept.LARGE and value & ept.ADDRESS & 0x3FFF_FFFF == 0


def test_other_operands_are_unsupported() -> None:
    h = harness(OPEN_EPT)
    h.touch(G)
    with pytest.raises(Unsupported, match="colour"):
        ept_set(h, *operation("L1: ept_set gpa=G colour=red"))
