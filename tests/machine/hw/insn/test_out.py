"""OUT."""

from __future__ import annotations

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import CPU_SECONDARY_CONTROLS, CPU_UNCOND_IO_EXITING
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from support import new_hardware
from vmx import in_guest

EXITING = {F.CPU_BASED_VM_EXEC_CONTROL: CPU_SECONDARY_CONTROLS | CPU_UNCOND_IO_EXITING}


def test_where_nobody_listens_nothing_happens() -> None:
    hw = new_hardware()
    assert execute(hw, hw.cpus[0], parse_insn("out 0x80, 7")) == RETIRED
    hw, cpu = in_guest(cpl=3)
    assert execute(hw, cpu, parse_insn("out 0x80, 7")) == FAULTED


def test_the_exit_says_which_port_and_how_many_bytes() -> None:
    hw, cpu = in_guest(EXITING)
    assert execute(hw, cpu, parse_insn("out 0xcf8, 0x80000000, 4")) == EXITED
    assert (vmcs.read(hw, cpu, F.VM_EXIT_REASON), vmcs.read(hw, cpu, F.EXIT_QUALIFICATION)) == (30, 0xCF8_0003)
