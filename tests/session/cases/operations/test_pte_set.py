"""pte_set."""

from __future__ import annotations

import pytest

from casework import harness, observe, operation
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import paging
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.operations.pte_set import new_value, pte_set
from kvmdbg.session.cases.player import L2


@pytest.mark.parametrize(("text", "old", "new"), [
    ("gva=V -> other frame", binding.FRAME_OLD | 0x67, binding.FRAME_NEW | 0x07),
    ("gva=V -> other frame", binding.FRAME_NEW | 0x67, binding.FRAME_OLD | 0x07),
    ("gva=V -> other frame or permissions", binding.FRAME_OLD | 7, binding.FRAME_NEW | 7),
    ("gva=V A/D=none", 0x67, 0x07), ("gva=V A/D=A", 0x67, 0x07 | paging.A), ("gva=V A/D=A+D", 0x07, 0x67),
    ("gva=V -> not present", 0x67, 0x66), ("gva=V present=0", 0x67, 0x66), ("gva=V present=true", 0x66, 0x67),
    ("gva=V perms=rw-", 0x65, 0x67 | paging.XD), ("gva=V perms=---", 0x67, 0x64 | paging.XD), ("gva=V perms=u-x", 0x63, 0x65),
    ("gva=V set_bit=8", 0x67, 0x167), ("gva=V flip_bit=1 A/D=none", 0x67, 0x05),
])
def test_new_entries(text: str, old: int, new: int) -> None:
    assert new_value(harness(), operation(f"L2: pte_set {text}")[0], old) == new


@pytest.mark.parametrize("text", ["gva=V", "gva=V -> the moon",
                                  "gva=V A/D=B", "gva=V A/D=A now", "gva=V colour=red A/D=A", "gva=V present=maybe"])
def test_other_changes_are_unsupported(text: str) -> None:
    with pytest.raises(Unsupported, match="this change of an entry is not done|A/D=B|neither yes nor no"):
        new_value(harness(), operation(f"L2: pte_set {text}")[0], 7)


def test_the_entry_changes_in_memory_and_nothing_runs() -> None:
    h = harness({}, "L2: load gva=V")
    _, old = h.player.entry(L2, binding.LINEAR_V)
    pte_set(h, *operation("L1: pte_set gva=V -> other frame"))
    _, new = h.player.entry(L2, binding.LINEAR_V)
    assert (old & paging.ADDRESS, new & paging.ADDRESS, h.level) == (binding.FRAME_OLD, binding.FRAME_NEW, 1)


def test_l1s_own_table_where_no_step_of_l2_uses_v() -> None:
    steps = observe("L1: load gva=V", "L1: pte_set gva=V -> other frame", "L1: invlpg V", "L1: load gva=V")
    assert steps[3].last.value == binding.MARK_NEW


def test_an_upper_entry() -> None:
    h = harness({}, "L2: load gva=V")
    pte_set(h, *operation("L1: pte_set gva=V level=3 flip_bit=1"))
    assert not h.player.entry(L2, binding.LINEAR_V, 3)[1] & paging.RW
