"""RDTSC and RDTSCP."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import CPU_RDTSC_EXITING, CPU_SECONDARY_CONTROLS, CPU_TSC_OFFSETTING, CR4_TSD, SEC_ENABLE_RDTSCP
from kvmdbg.machine.hw.events import Faulted
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from support import events, flat_descriptors, new_hardware
from vmx import in_guest

PRIMARY, SECONDARY = F.CPU_BASED_VM_EXEC_CONTROL, F.SECONDARY_VM_EXEC_CONTROL


def test_each_reads_one_more() -> None:
    hw = new_hardware()
    assert execute(hw, hw.cpus[0], parse_insn("rdtsc")) == RETIRED and hw.cpus[0].rax == 1
    assert execute(hw, hw.cpus[0], parse_insn("rdtscp")) == RETIRED and hw.cpus[0].rax == 2


@pytest.mark.parametrize(("text", "reason"), [("rdtsc", 16), ("rdtscp", 51)])
def test_rdtsc_exiting_is_for_both(text: str, reason: int) -> None:
    hw, cpu = in_guest({PRIMARY: CPU_RDTSC_EXITING | CPU_SECONDARY_CONTROLS, SECONDARY: SEC_ENABLE_RDTSCP})
    assert execute(hw, cpu, parse_insn(text)) == EXITED
    assert vmcs.read(hw, cpu, F.VM_EXIT_REASON) == reason and vmcs.read(hw, cpu, F.VM_EXIT_INSTRUCTION_LEN)


def test_a_guest_has_its_offset() -> None:
    hw, cpu = in_guest({PRIMARY: CPU_TSC_OFFSETTING, F.TSC_OFFSET: (1 << 64) - 0x1000})
    assert execute(hw, cpu, parse_insn("rdtsc")) == RETIRED and cpu.rax == (1 << 64) - 0xFFF


@pytest.mark.parametrize(("tsd", "cpl", "outcome"), [(0, 3, RETIRED), (CR4_TSD, 3, FAULTED), (CR4_TSD, 0, RETIRED)])
def test_cr4_tsd_leaves_it_to_level_0(tsd: int, cpl: int, outcome: str) -> None:
    hw = new_hardware()
    hw.cpus[0].cr4 |= tsd
    hw.cpus[0].descriptors = flat_descriptors(cpl)
    assert execute(hw, hw.cpus[0], parse_insn("rdtsc")) == outcome


def test_a_guest_must_be_given_rdtscp() -> None:
    hw, cpu = in_guest({PRIMARY: CPU_RDTSC_EXITING})
    assert execute(hw, cpu, parse_insn("rdtscp")) == FAULTED
    assert [event.vector for event in events(hw, Faulted)] == ["#UD"]
