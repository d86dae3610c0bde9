"""VMCLEAR."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.events import Completed
from kvmdbg.machine.hw.execute import EXITED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.paging import RW, P
from kvmdbg.machine.hw.state import NO_VMCS
from support import HOST_CR3, events, map_page
from vmx import OTHER_REGION, REGION, VMXON_REGION, in_guest, in_root, with_vmcs


@pytest.mark.parametrize(("region", "current"), [(REGION, NO_VMCS), (OTHER_REGION, REGION), (0x9000, REGION)],
                         ids=["current", "another", "without revision identifier"])
def test_the_launch_state_is_clear(region: int, current: int) -> None:
    hw, cpu = with_vmcs()
    hw.launch_state[REGION] = "launched"
    assert execute(hw, cpu, parse_insn(f"vmclear {region}")) == RETIRED
    assert (hw.launch_state[region], cpu.current_vmcs) == ("clear", current)
    assert events(hw, Completed) == [Completed(0, "vmclear", "VMsucceed", 0)]


@pytest.mark.parametrize(("region", "error"), [(REGION + 8, 2), (1 << 46, 2), (VMXON_REGION, 3)])
def test_failures(region: int, error: int) -> None:
    hw, cpu = with_vmcs()
    execute(hw, cpu, parse_insn(f"vmclear {region}"))
    assert events(hw, Completed) == [Completed(0, "vmclear", "VMfailValid", error)]
    assert vmcs.read(hw, cpu, F.VM_INSTRUCTION_ERROR) == error


def test_a_failure_without_a_current_vmcs_has_no_number() -> None:
    hw, cpu = in_root()
    execute(hw, cpu, parse_insn("vmclear 1"))
    assert events(hw, Completed) == [Completed(0, "vmclear", "VMfailInvalid", 0)]


def test_the_pointer_may_be_in_memory() -> None:
    hw, cpu = with_vmcs()
    map_page(hw, HOST_CR3, 0x7000, 0x9000 | P | RW)
    write64(hw, 0x9008, REGION)
    execute(hw, cpu, parse_insn("vmclear @0x7008"))
    assert cpu.current_vmcs == NO_VMCS


def test_a_guest_exits() -> None:
    hw, cpu = in_guest()
    assert execute(hw, cpu, parse_insn("vmclear 0x4000")) == EXITED
    assert (vmcs.read(hw, cpu, F.VM_EXIT_REASON), vmcs.read(hw, cpu, F.EXIT_QUALIFICATION)) == (19, 0)
