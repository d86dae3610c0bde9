"""VMPTRLD m64: make a VMCS current."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.control_registers import page_address_problem
from kvmdbg.machine.hw.controls import EXIT_REASON_VMPTRLD
from kvmdbg.machine.hw.instruction import memory_operand_exits, vmx_instruction
from kvmdbg.machine.hw.memory_operands import read_64, revision
from kvmdbg.machine.hw.operands import POINTER, Descriptor
from kvmdbg.machine.hw.outcome import vmfail, vmsucceed
from kvmdbg.machine.hw.state import Cpu, Hardware

BAD_ADDRESS: Final = 9
VMXON_POINTER: Final = 10
BAD_REVISION: Final = 11


@vmx_instruction("vmptrld", operands=(POINTER,), source="SDM Vol. 3C 30.3 VMPTRLD",
                 exits=memory_operand_exits(EXIT_REASON_VMPTRLD))
def run(hw: Hardware, cpu: Cpu, operand: Descriptor) -> None:
    """Make a VMCS current; its region holds the revision identifier, and bit 31 (shadow VMCS) only with VMCS shadowing."""
    pointer = read_64(hw, cpu, operand)
    error = _problem(hw, cpu, pointer)
    if error:
        vmfail(hw, cpu, "vmptrld", error)
        return
    vmcs.load(hw, cpu, pointer)
    vmsucceed(hw, cpu, "vmptrld")


def _problem(hw: Hardware, cpu: Cpu, pointer: int) -> int:
    """VM-instruction error, or 0."""
    if page_address_problem(pointer, hw.caps):
        return BAD_ADDRESS
    if pointer == cpu.vmxon_pointer:
        return VMXON_POINTER
    indicator = vmcs.SHADOW_INDICATOR if hw.caps.shadow_vmcs else 0
    return 0 if revision(hw, pointer) & ~indicator == vmcs.VMCS_REVISION else BAD_REVISION
