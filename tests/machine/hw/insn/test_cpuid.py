"""CPUID."""

from __future__ import annotations

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.execute import EXITED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from support import new_hardware
from vmx import in_guest


def test_a_guest_always_exits_even_at_cpl_3() -> None:
    hw, cpu = in_guest(cpl=3)
    assert execute(hw, cpu, parse_insn("cpuid")) == EXITED
    assert vmcs.read(hw, cpu, F.VM_EXIT_REASON) == 10


def test_elsewhere_it_leaves_rax() -> None:
    hw = new_hardware()
    hw.cpus[0].rax = 7
    assert execute(hw, hw.cpus[0], parse_insn("cpuid")) == RETIRED
    assert hw.cpus[0].rax == 7
