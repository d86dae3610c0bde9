"""HLT."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import CPU_HLT_EXITING
from kvmdbg.machine.hw.events import Faulted
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from support import events, new_hardware
from vmx import in_guest


def test_with_hlt_exiting_a_guest_exits() -> None:
    hw, cpu = in_guest({F.CPU_BASED_VM_EXEC_CONTROL: CPU_HLT_EXITING})
    assert execute(hw, cpu, parse_insn("hlt")) == EXITED
    assert (vmcs.read(hw, cpu, F.VM_EXIT_REASON), vmcs.read(hw, cpu, F.GUEST_ACTIVITY_STATE)) == (12, 0)


def test_without_it_the_processor_halts() -> None:
    hw, cpu = in_guest({F.CPU_BASED_VM_EXEC_CONTROL: 0})
    assert execute(hw, cpu, parse_insn("hlt")) == RETIRED
    assert cpu.activity == 1


@pytest.mark.parametrize("guest", [True, False])
def test_it_is_privileged_before_it_exits(guest: bool) -> None:
    hw, cpu = in_guest({F.CPU_BASED_VM_EXEC_CONTROL: CPU_HLT_EXITING}, cpl=3)
    if not guest:
        hw = new_hardware()
        hw.cpus[0].descriptors, cpu = cpu.descriptors, hw.cpus[0]
    assert execute(hw, cpu, parse_insn("hlt")) == FAULTED
    assert events(hw, Faulted) == [Faulted(0, "#GP", 0, 0)]
