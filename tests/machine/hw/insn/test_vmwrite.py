"""VMWRITE."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.events import Completed, Invalidated
from kvmdbg.machine.hw.execute import EXITED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from support import events
from vmx import in_guest, in_root, with_vmcs


def test_the_field_is_written_to_its_width_and_nothing_is_invalidated() -> None:
    hw, cpu = with_vmcs()
    assert execute(hw, cpu, parse_insn("vmwrite virtual_processor_id, 0x10009")) == RETIRED
    assert vmcs.read(hw, cpu, F.VIRTUAL_PROCESSOR_ID) == 9
    assert events(hw, Completed, Invalidated) == [Completed(0, "vmwrite", "VMsucceed", 0)]


@pytest.mark.parametrize(("field", "error"), [("0x6803", 12), ("vm_exit_reason", 13), ("0x2401", 13)])
def test_failures(field: str, error: int) -> None:
    hw, cpu = with_vmcs()
    execute(hw, cpu, parse_insn(f"vmwrite {field}, 1"))
    assert events(hw, Completed) == [Completed(0, "vmwrite", "VMfailValid", error)]


def test_without_a_current_vmcs() -> None:
    hw, cpu = in_root()
    execute(hw, cpu, parse_insn("vmwrite guest_cr3, 1"))
    assert events(hw, Completed) == [Completed(0, "vmwrite", "VMfailInvalid", 0)]


def test_a_guest_exits() -> None:
    hw, cpu = in_guest()
    assert execute(hw, cpu, parse_insn("vmwrite guest_cr3, 1")) == EXITED
    assert vmcs.read(hw, cpu, F.VM_EXIT_REASON) == 25
