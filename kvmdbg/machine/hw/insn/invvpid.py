"""INVVPID r64, m128: forget the translations of a VPID."""

from __future__ import annotations

from kvmdbg.machine.hw import invalidate
from kvmdbg.machine.hw.controls import EXIT_REASON_INVVPID
from kvmdbg.machine.hw.instruction import Operands, memory_operand_exits, vmx_instruction
from kvmdbg.machine.hw.memory_operands import read_128
from kvmdbg.machine.hw.modes import vmx_undefined
from kvmdbg.machine.hw.operands import INVVPID_TYPE, LINEAR_ADDRESS, VPID, Descriptor, optional, with_descriptor
from kvmdbg.machine.hw.outcome import finish
from kvmdbg.machine.hw.state import Cpu, Hardware


def undefined(hw: Hardware, cpu: Cpu) -> bool:
    return vmx_undefined(hw, cpu) or not hw.caps.vpid or not hw.caps.invvpid_types


def assemble(operands: Operands) -> Operands:
    """Type, VPID and linear address -> type and descriptor. Only all-context does without a VPID."""
    return with_descriptor("invvpid", VPID, operands[0] != invalidate.ALL_CONTEXT, operands)


@vmx_instruction("invvpid", length=5, operands=(INVVPID_TYPE, optional(VPID), optional(LINEAR_ADDRESS)), assemble=assemble,
                 forms=("invvpid TYPE, VPID[, LINEAR ADDRESS]", "invvpid TYPE, @DESCRIPTOR", "invvpid all-context"),
                 source="SDM Vol. 3C 30.3 INVVPID, 29.4.3.1", undefined=undefined,
                 exits=memory_operand_exits(EXIT_REASON_INVVPID, which=1))
def run(hw: Hardware, cpu: Cpu, kind: int, operand: Descriptor) -> None:
    """Forget linear and combined mappings of one VPID or of all but 0000H; the type is tested before the descriptor is read."""
    if kind not in hw.caps.invvpid_types:
        finish(hw, cpu, "invvpid", invalidate.INVALID_OPERAND)
        return
    vpid, la = read_128(hw, cpu, operand)
    finish(hw, cpu, "invvpid", invalidate.invvpid(hw, cpu, kind, vpid, la))
