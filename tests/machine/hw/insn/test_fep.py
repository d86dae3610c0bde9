"""The forced emulation prefix, to the processor."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.insn import fep
from kvmdbg.machine.hw.instructions import INSTRUCTIONS


@pytest.mark.parametrize(("run", "name", "length"), [(fep.hlt, "fep-hlt", 6), (fep.nop, "fep-nop", 6), (fep.pause, "fep-pause", 7)])
def test_it_is_undefined(run: object, name: str, length: int) -> None:
    assert INSTRUCTIONS[name].length == length
    with pytest.raises(GuestFault, match="#UD"):
        run(None, None)                    # type: ignore[operator]
