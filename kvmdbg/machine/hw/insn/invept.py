"""INVEPT r64, m128: forget what was derived from EPT paging structures."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.machine.hw import invalidate
from kvmdbg.machine.hw.controls import EXIT_REASON_INVEPT
from kvmdbg.machine.hw.instruction import Operands, memory_operand_exits, vmx_instruction
from kvmdbg.machine.hw.memory_operands import read_128
from kvmdbg.machine.hw.modes import vmx_undefined
from kvmdbg.machine.hw.operands import EPTP, INVEPT_TYPE, Descriptor, optional
from kvmdbg.machine.hw.outcome import finish
from kvmdbg.machine.hw.state import Cpu, Hardware


def undefined(hw: Hardware, cpu: Cpu) -> bool:
    return vmx_undefined(hw, cpu) or not hw.caps.ept or not hw.caps.invept_types


def assemble(operands: Operands) -> Operands:
    """Type and EPT pointer -> type and descriptor. Only all-context does without an EPT pointer."""
    kind, eptp = operands
    if eptp is None and kind != invalidate.ALL_CONTEXT:
        raise UserError(f"invept: operand 2 ({EPTP.name}) is missing: must be {EPTP.describe}",
                        "Write: invept single-context 0x701e, or invept all-context.")
    return kind, eptp or Descriptor(None, 0, 0)


@vmx_instruction("invept", length=5, operands=(INVEPT_TYPE, optional(EPTP)), assemble=assemble,
                 forms=("invept TYPE, EPTP", "invept TYPE, @DESCRIPTOR", "invept all-context"),
                 source="SDM Vol. 3C 30.3 INVEPT, 29.4.3.1", undefined=undefined,
                 exits=memory_operand_exits(EXIT_REASON_INVEPT, which=1))
def run(hw: Hardware, cpu: Cpu, kind: int, operand: Descriptor) -> None:
    """Forget guest-physical and combined mappings of one EPT pointer or of all; the type is tested before the operand is read."""
    if kind not in hw.caps.invept_types:
        finish(hw, cpu, "invept", invalidate.INVALID_OPERAND)
        return
    eptp, _ = read_128(hw, cpu, operand)
    finish(hw, cpu, "invept", invalidate.invept(hw, cpu, kind, eptp))
