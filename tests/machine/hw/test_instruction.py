"""The order of the tests before an operation, and the declarations."""

from __future__ import annotations

import pytest

from kvmdbg.errors import ModelBug
from kvmdbg.machine.hw.controls import CPU_HLT_EXITING, CPU_INVLPG_EXITING, CPU_SECONDARY_CONTROLS
from kvmdbg.machine.hw.faults import GuestFault, VmExit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instruction import (
    Instruction,
    always_exits,
    exits_if,
    instruction,
    memory_operand_exits,
    primary,
)
from kvmdbg.machine.hw.instructions import INSTRUCTIONS
from kvmdbg.machine.hw.operands import Descriptor
from kvmdbg.machine.hw.state import Cpu, Hardware
from support import enter_non_root, flat_descriptors
from vmx import with_vmcs

VMX_NAMES = {"vmxon", "vmxoff", "vmclear", "vmptrld", "vmptrst", "vmread", "vmwrite", "vmlaunch", "vmresume", "invvpid", "invept"}


def probe(undefined: bool, exit_first: bool) -> Instruction:
    def run(hw: Hardware, cpu: Cpu) -> None:
        """Nothing."""
    return Instruction("probe", (), ("probe",), "", "", run, lambda hw, cpu: undefined, always_exits(10), True, exit_first, None, 3)


def outcome(entry: Instruction, non_root: bool, cpl: int) -> str:
    hw, cpu = with_vmcs()
    if non_root:
        enter_non_root(cpu)
    cpu.descriptors = flat_descriptors(cpl)
    try:
        entry.admit(hw, cpu, ())
    except GuestFault as fault:
        return fault.vector
    except VmExit as exit:
        return f"exit {exit.reason}"
    return "admitted"


@pytest.mark.parametrize(("undefined", "exit_first", "non_root", "cpl", "expected"), [
    (True, True, True, 3, "#UD"), (False, True, True, 3, "exit 10"), (False, True, True, 0, "exit 10"),
    (False, True, False, 3, "#GP"), (False, False, True, 3, "#GP"), (False, False, True, 0, "exit 10"),
    (False, False, False, 0, "admitted"), (True, False, False, 3, "#UD")])
def test_the_order_of_the_tests(undefined: bool, exit_first: bool, non_root: bool, cpl: int, expected: str) -> None:
    assert outcome(probe(undefined, exit_first), non_root, cpl) == expected


def test_vmx_instructions_exit_before_the_privilege_test_and_others_after_it() -> None:
    for entry in INSTRUCTIONS:
        assert entry.exit_first == (entry.name in VMX_NAMES), entry.name
        assert entry.privileged == (entry.name in VMX_NAMES | {"hlt", "invlpg", "invpcid", "lidt", "rdmsr", "wrmsr"}), entry.name


def test_every_instruction_has_a_source_and_a_summary() -> None:
    for entry in INSTRUCTIONS:
        assert entry.source.startswith("SDM Vol. "), entry.name
        assert entry.summary.endswith("."), entry.name


def test_a_name_declared_twice_is_our_mistake() -> None:
    with pytest.raises(ModelBug):
        @instruction("nop", source="SDM Vol. 2B NOP")
        def run(hw: Hardware, cpu: Cpu) -> None:
            """Nothing."""


def test_conditional_exits_look_at_the_primary_controls() -> None:
    hw, cpu = with_vmcs({F.CPU_BASED_VM_EXEC_CONTROL: CPU_HLT_EXITING | CPU_SECONDARY_CONTROLS})
    assert primary(hw, cpu, CPU_HLT_EXITING) and not primary(hw, cpu, CPU_INVLPG_EXITING)
    found = exits_if(CPU_HLT_EXITING, 12)(hw, cpu, ())
    assert found is not None and found.reason == 12
    assert exits_if(CPU_INVLPG_EXITING, 14)(hw, cpu, ()) is None


@pytest.mark.parametrize(("operand", "displacement"), [(Descriptor(0x7000, 0, 0), 0x7000), (Descriptor(None, 9, 0), 0), (None, 0)])
def test_the_qualification_is_the_displacement_of_the_memory_operand(operand: Descriptor | None, displacement: int) -> None:
    hw, cpu = with_vmcs()
    found = memory_operand_exits(53, which=1)(hw, cpu, (1, operand))
    assert found is not None
    assert (found.reason, found.qualification) == (53, displacement)
