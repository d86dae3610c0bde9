"""RDMSR."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import CPU_USE_MSR_BITMAPS
from kvmdbg.machine.hw.events import Faulted
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from support import events, flat_descriptors, new_hardware
from vmx import LONG_EFER, in_guest


def test_the_register_comes_into_rax() -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    assert execute(hw, cpu, parse_insn("rdmsr IA32_EFER")) == RETIRED
    assert cpu.rax == LONG_EFER
    assert execute(hw, cpu, parse_insn("rdmsr 0x277")) == RETIRED
    assert cpu.rax == cpu.pat


@pytest.mark.parametrize(("text", "cpl"), [("rdmsr 0x11", 0), ("rdmsr 0xffffffff", 0), ("rdmsr IA32_EFER", 3)])
def test_a_register_that_is_none_or_not_for_this_level_is_gp(text: str, cpl: int) -> None:
    hw = new_hardware()
    hw.cpus[0].descriptors = flat_descriptors(cpl)
    assert execute(hw, hw.cpus[0], parse_insn(text)) == FAULTED
    assert events(hw, Faulted) == [Faulted(0, "#GP", 0, 0)]


@pytest.mark.parametrize(("control", "outcome"), [(0, EXITED), (CPU_USE_MSR_BITMAPS, RETIRED)])
def test_a_guest_exits_as_its_controls_say(control: int, outcome: str) -> None:
    hw, cpu = in_guest({F.CPU_BASED_VM_EXEC_CONTROL: control, F.MSR_BITMAP: 0x9000})
    assert execute(hw, cpu, parse_insn("rdmsr IA32_PAT")) == outcome
    if outcome == EXITED:
        assert (vmcs.read(hw, cpu, F.VM_EXIT_REASON), vmcs.read(hw, cpu, F.EXIT_QUALIFICATION)) == (31, 0)
        assert vmcs.read(hw, cpu, F.VM_EXIT_INSTRUCTION_LEN) == 2
