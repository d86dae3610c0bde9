"""STI."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import BLOCKING_STI, CR4_PVI, RFLAGS_IF
from kvmdbg.machine.hw.execute import FAULTED, RETIRED, execute
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.interrupts import due, raise_interrupt
from support import flat_descriptors, new_hardware
from vmx import in_guest


def test_interrupts_come_in_after_one_more_instruction() -> None:
    hw, cpu = in_guest()
    raise_interrupt(hw, 0, 0x20)
    assert due(hw, cpu) is None
    assert execute(hw, cpu, parse_insn("sti")) == RETIRED
    assert cpu.rflags & RFLAGS_IF and cpu.blocking == BLOCKING_STI and due(hw, cpu) is None
    execute(hw, cpu, parse_insn("nop"))
    boundary = due(hw, cpu)
    assert cpu.blocking == 0 and boundary is not None and boundary.name == "external interrupt"


def test_where_they_are_in_already_nothing_is_blocked() -> None:
    hw, cpu = in_guest()
    execute(hw, cpu, parse_insn("sti"))
    execute(hw, cpu, parse_insn("sti"))
    assert cpu.blocking == 0


@pytest.mark.parametrize(("cpl", "iopl", "outcome"), [(0, 0, RETIRED), (3, 0, FAULTED), (3, 3, RETIRED)])
def test_it_needs_the_io_privilege_level(cpl: int, iopl: int, outcome: str) -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    cpu.descriptors = flat_descriptors(cpl)
    cpu.rflags |= iopl << 12
    assert execute(hw, cpu, parse_insn("sti")) == outcome
    assert bool(cpu.rflags & RFLAGS_IF) is (outcome == RETIRED)


def test_virtual_interrupts_are_refused() -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    cpu.descriptors = flat_descriptors(3)
    cpu.cr4 |= CR4_PVI
    with pytest.raises(Unsupported, match="virtual interrupts"):
        execute(hw, cpu, parse_insn("sti"))
