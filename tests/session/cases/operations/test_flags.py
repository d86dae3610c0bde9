"""flags: before the next operation."""

from __future__ import annotations

import pytest

from casework import harness, observe, operation
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.operations.flags import flags

NOT_MAPPED = {"operand": "not present"}


def test_they_are_given_to_the_guest_that_runs() -> None:
    h = harness()
    flags(h, *operation("L1: flags = 0x91"))
    assert h.flags(1) & 0x8D5 == 0x91


@pytest.mark.parametrize("insn", ["vmread", "vmwrite"])
def test_a_fault_on_the_operand_leaves_them_alone(insn: str) -> None:
    (observed,) = observe(f"L1: flags = 145; {insn} memory, GUEST_SS_SELECTOR", given=NOT_MAPPED)
    assert (observed.seen.vector, observed.last.flags & 0x8D5) == ("#PF", 145)


@pytest.mark.parametrize("step", ["L1: flags 1", "L1: flags = 2"])
def test_other_words(step: str) -> None:
    with pytest.raises(Unsupported):
        flags(harness(), *operation(step))
