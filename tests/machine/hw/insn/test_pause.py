"""PAUSE."""

from __future__ import annotations

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import CPU_PAUSE_EXITING
from kvmdbg.machine.hw.execute import EXITED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from vmx import in_guest


def test_it_exits_where_the_control_says_so() -> None:
    hw, cpu = in_guest()
    assert execute(hw, cpu, parse_insn("pause")) == RETIRED
    hw, cpu = in_guest({F.CPU_BASED_VM_EXEC_CONTROL: CPU_PAUSE_EXITING})
    assert execute(hw, cpu, parse_insn("pause")) == EXITED
    assert (vmcs.read(hw, cpu, F.VM_EXIT_REASON), vmcs.read(hw, cpu, F.VM_EXIT_INSTRUCTION_LEN)) == (40, 2)
