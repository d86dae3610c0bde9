"""OUTS."""

from __future__ import annotations

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import CPU_SECONDARY_CONTROLS, CPU_UNCOND_IO_EXITING
from kvmdbg.machine.hw.events import Accessed
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.paging import P
from support import HOST_CR3, events, map_page, new_hardware
from vmx import in_guest

EXITING = {F.CPU_BASED_VM_EXEC_CONTROL: CPU_SECONDARY_CONTROLS | CPU_UNCOND_IO_EXITING}


def test_it_reads_memory() -> None:
    hw = new_hardware()
    map_page(hw, HOST_CR3, 0x40_1000, 0x9000 | P)
    assert execute(hw, hw.cpus[0], parse_insn("outs 0x80, 0x401000")) == RETIRED
    assert [event.access for event in events(hw, Accessed)] == ["read"]
    assert execute(hw, hw.cpus[0], parse_insn("outs 0x80, 0x402000")) == FAULTED


def test_the_exit_comes_before_memory_and_names_the_address() -> None:
    hw, cpu = in_guest(EXITING)
    assert execute(hw, cpu, parse_insn("outs 0x80, 0x401000, 4")) == EXITED
    assert [vmcs.read(hw, cpu, field) for field in (F.EXIT_QUALIFICATION, F.GUEST_LINEAR_ADDRESS)] == [0x80_0013, 0x40_1000]
