"""LIDT."""

from __future__ import annotations

from kvmdbg.machine.hw.events import Faulted
from kvmdbg.machine.hw.execute import FAULTED, execute
from kvmdbg.machine.hw.instructions import parse_insn
from support import events, flat_descriptors, new_hardware


def test_the_idtr() -> None:
    hw = new_hardware()
    execute(hw, hw.cpus[0], parse_insn("lidt 0x5000, 0x10fff"))
    assert (hw.cpus[0].descriptors.idtr_base, hw.cpus[0].descriptors.idtr_limit) == (0x5000, 0xFFF)


def test_a_base_that_is_no_address_and_a_program_that_may_not() -> None:
    hw = new_hardware()
    assert execute(hw, hw.cpus[0], parse_insn("lidt 0x800000000000, 0xfff")) == FAULTED
    hw.cpus[0].descriptors = flat_descriptors(3)
    assert execute(hw, hw.cpus[0], parse_insn("lidt 0x5000, 0xfff")) == FAULTED
    assert [event.vector for event in events(hw, Faulted)] == ["#GP", "#GP"]
