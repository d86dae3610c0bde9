"""UD2."""

from __future__ import annotations

from kvmdbg.machine.hw.events import Faulted
from kvmdbg.machine.hw.execute import FAULTED, execute
from kvmdbg.machine.hw.instructions import parse_insn
from support import events, new_hardware


def test_it_is_undefined() -> None:
    hw = new_hardware()
    assert execute(hw, hw.cpus[0], parse_insn("ud2")) == FAULTED
    assert events(hw, Faulted) == [Faulted(0, "#UD", 0, 0)]
