"""CPUID."""

from __future__ import annotations

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.cpuid_leaves import leaves
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


def test_a_leaf_brings_one_register() -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    for text, leaf, register in (("cpuid 1 ecx", 1, "ecx"), ("cpuid 0x80000008", 0x8000_0008, "eax"), ("cpuid 7 ebx", 7, "ebx")):
        assert execute(hw, cpu, parse_insn(text)) == RETIRED
        assert cpu.rax == getattr(leaves(hw.caps, cpu.cr4)[leaf], register) != 0
    assert execute(hw, cpu, parse_insn("cpuid 0x40000000 ebx")) == RETIRED
    assert cpu.rax == 0
