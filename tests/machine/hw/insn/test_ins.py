"""INS."""

from __future__ import annotations

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import CPU_SECONDARY_CONTROLS, CPU_UNCOND_IO_EXITING
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.memory import read64, write64
from kvmdbg.machine.hw.paging import RW, P
from support import HOST_CR3, map_page, new_hardware
from vmx import in_guest

EXITING = {F.CPU_BASED_VM_EXEC_CONTROL: CPU_SECONDARY_CONTROLS | CPU_UNCOND_IO_EXITING}


def test_it_writes_its_bytes_and_no_others() -> None:
    hw = new_hardware()
    map_page(hw, HOST_CR3, 0x40_1000, 0x9000 | P | RW)
    write64(hw, 0x9000, 0x1122_3344_5566_7788)
    assert execute(hw, hw.cpus[0], parse_insn("ins 0x80, 0x401002, 2")) == RETIRED
    assert read64(hw, 0x9000) == 0x1122_3344_FFFF_7788


def test_memory_may_be_missing() -> None:
    hw = new_hardware()
    assert execute(hw, hw.cpus[0], parse_insn("ins 0x80, 0x401000")) == FAULTED


def test_the_exit_comes_before_memory_and_names_the_address() -> None:
    hw, cpu = in_guest(EXITING)
    assert execute(hw, cpu, parse_insn("ins 0x80, 0x401002")) == EXITED
    assert [vmcs.read(hw, cpu, field) for field in (F.VM_EXIT_REASON, F.EXIT_QUALIFICATION, F.GUEST_LINEAR_ADDRESS)] == [
        30, 0x80_0018, 0x40_1002]
