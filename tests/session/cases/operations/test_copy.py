"""copy: a page of L1's memory."""

from __future__ import annotations

import pytest

from casework import harness, operation
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.operations.copy import copy


def test_every_cell_is_copied() -> None:
    h = harness()
    h.player.poke(binding.VMCS_A + 0xFF8, 7)
    h.player.poke(binding.VMCS_B + 0x10, 8)
    copy(h, *operation("L1: copy the region A to B"))
    assert [h.peek(binding.VMCS_B + offset) for offset in (0, 0x10, 0xFF8)] == [
        h.peek(binding.VMCS_A), h.peek(binding.VMCS_A + 0x10), 7]


def test_other_words() -> None:
    with pytest.raises(Unsupported, match="^copy it: only one region"):
        copy(harness(), *operation("L1: copy it"))
