"""IN."""

from __future__ import annotations

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import CPU_SECONDARY_CONTROLS, CPU_UNCOND_IO_EXITING
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from support import new_hardware
from vmx import in_guest

EXITING = {F.CPU_BASED_VM_EXEC_CONTROL: CPU_SECONDARY_CONTROLS | CPU_UNCOND_IO_EXITING}


def test_where_nobody_answers_it_reads_ones() -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    cpu.rax = 0x1234_5678_9ABC_DEF0
    assert execute(hw, cpu, parse_insn("in 0x80")) == RETIRED and cpu.rax == 0x1234_5678_9ABC_DEFF
    assert execute(hw, cpu, parse_insn("in 0x80, 4")) == RETIRED and cpu.rax == 0xFFFF_FFFF


def test_the_exit_says_which_port_and_how_many_bytes() -> None:
    hw, cpu = in_guest(EXITING)
    assert execute(hw, cpu, parse_insn("in 0xcfc, 4")) == EXITED
    assert (vmcs.read(hw, cpu, F.VM_EXIT_REASON), vmcs.read(hw, cpu, F.EXIT_QUALIFICATION)) == (30, 0xCFC_000B)


def test_privilege_comes_before_the_exit() -> None:
    hw, cpu = in_guest(EXITING, cpl=3)
    assert execute(hw, cpu, parse_insn("in 0x80")) == FAULTED
