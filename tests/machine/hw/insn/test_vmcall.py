"""VMCALL."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import RFLAGS_VM
from kvmdbg.machine.hw.events import Completed, Faulted
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from support import events, flat_descriptors, new_hardware
from vmx import in_guest, with_vmcs

INSN = parse_insn("vmcall")


@pytest.mark.parametrize(("cpl", "rflags"), [(0, 2), (3, 2), (3, 2 | RFLAGS_VM)])
def test_a_guest_exits_at_any_privilege_level_and_in_any_mode(cpl: int, rflags: int) -> None:
    hw, cpu = in_guest(cpl=cpl)
    cpu.rflags = rflags
    assert execute(hw, cpu, INSN) == EXITED
    assert (vmcs.read(hw, cpu, F.VM_EXIT_REASON), vmcs.read(hw, cpu, F.VM_EXIT_INSTRUCTION_LEN)) == (18, 3)


def test_outside_vmx_operation_it_is_undefined() -> None:
    hw = new_hardware()
    assert execute(hw, hw.cpus[0], INSN) == FAULTED
    assert events(hw) == [Faulted(0, "#UD", 0, 0)]


def test_in_root_operation_it_fails() -> None:
    hw, cpu = with_vmcs()
    assert execute(hw, cpu, INSN) == RETIRED
    assert events(hw, Completed) == [Completed(0, "vmcall", "VMfailValid", 1)]


@pytest.mark.parametrize(("cpl", "rflags", "vector"), [(3, 2, "#GP"), (3, 2 | RFLAGS_VM, "#UD")])
def test_faults_in_root_operation(cpl: int, rflags: int, vector: str) -> None:
    hw, cpu = with_vmcs()
    cpu.descriptors = flat_descriptors(cpl)
    cpu.rflags = rflags
    assert execute(hw, cpu, INSN) == FAULTED
    assert events(hw, Faulted) == [Faulted(0, vector, 0, 0)]
