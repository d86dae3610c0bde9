"""VMLAUNCH."""

from __future__ import annotations

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.events import Completed, Faulted, Retired
from kvmdbg.machine.hw.execute import ENTERED, EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from support import events, flat_descriptors
from vmx import GUEST_RIP, HOST_RIP, REGION, in_guest, in_root, with_vmcs

INSN = parse_insn("vmlaunch")


def test_the_guest_runs() -> None:
    hw, cpu = with_vmcs()
    hw.launch_state[REGION] = "clear"
    assert execute(hw, cpu, INSN) == ENTERED
    assert (cpu.rip, hw.launch_state[REGION]) == (GUEST_RIP, "launched")


def test_a_failure_goes_on_with_the_next_instruction() -> None:
    hw, cpu = with_vmcs()
    hw.launch_state[REGION] = "launched"
    assert execute(hw, cpu, INSN) == RETIRED
    assert cpu.rip == 3
    assert events(hw, Completed, Retired) == [Completed(0, "vmlaunch", "VMfailValid", 4), Retired(0, "vmlaunch")]


def test_bad_guest_state_goes_on_where_a_vm_exit_would() -> None:
    hw, cpu = with_vmcs({F.GUEST_CR3: 1 << 63})
    hw.launch_state[REGION] = "clear"
    assert execute(hw, cpu, INSN) == EXITED
    assert cpu.rip == HOST_RIP


def test_without_a_current_vmcs() -> None:
    hw, cpu = in_root()
    assert execute(hw, cpu, INSN) == RETIRED
    assert events(hw, Completed) == [Completed(0, "vmlaunch", "VMfailInvalid", 0)]


def test_it_is_privileged() -> None:
    hw, cpu = with_vmcs()
    cpu.descriptors = flat_descriptors(3)
    assert execute(hw, cpu, INSN) == FAULTED
    assert events(hw, Faulted) == [Faulted(0, "#GP", 0, 0)]


def test_a_guest_exits() -> None:
    hw, cpu = in_guest()
    assert execute(hw, cpu, INSN) == EXITED
    assert vmcs.read(hw, cpu, F.VM_EXIT_REASON) == 20
