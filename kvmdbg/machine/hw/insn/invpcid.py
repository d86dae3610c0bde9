"""INVPCID r64, m128: forget the translations of a PCID."""

from __future__ import annotations

from kvmdbg.machine.hw import invalidate, vmcs
from kvmdbg.machine.hw.checking import secondary_controls
from kvmdbg.machine.hw.controls import CPU_INVLPG_EXITING, CR4_PCIDE, EXIT_REASON_INVPCID, SEC_ENABLE_INVPCID
from kvmdbg.machine.hw.faults import GuestFault, VmExit
from kvmdbg.machine.hw.instruction import Operands, instruction, memory_operand_exits, primary
from kvmdbg.machine.hw.memory_operands import read_128
from kvmdbg.machine.hw.modes import non_root
from kvmdbg.machine.hw.operands import INVPCID_TYPE, LINEAR_ADDRESS, PCID, Descriptor, optional, with_descriptor
from kvmdbg.machine.hw.paging import canonical
from kvmdbg.machine.hw.state import Cpu, Hardware

NAMES_A_PCID = (invalidate.INDIVIDUAL_ADDRESS, invalidate.SINGLE_CONTEXT)
_at_memory = memory_operand_exits(EXIT_REASON_INVPCID, which=1)


def undefined(hw: Hardware, cpu: Cpu) -> bool:
    """A processor without it, or a guest that "enable INVPCID" does not give it to."""
    return not hw.caps.invpcid or non_root(cpu) and not secondary_controls(vmcs.reader(hw, cpu)) & SEC_ENABLE_INVPCID


def exits(hw: Hardware, cpu: Cpu, operands: Operands) -> VmExit | None:
    """With "INVLPG exiting"."""
    return _at_memory(hw, cpu, operands) if primary(hw, cpu, CPU_INVLPG_EXITING) else None


def assemble(operands: Operands) -> Operands:
    """Type, PCID and linear address -> type and descriptor. The all-context types do without a PCID."""
    return with_descriptor("invpcid", PCID, operands[0] in NAMES_A_PCID, operands)


@instruction("invpcid", length=5, operands=(INVPCID_TYPE, optional(PCID), optional(LINEAR_ADDRESS)), assemble=assemble,
             privileged=True,
             forms=("invpcid TYPE, PCID[, LINEAR ADDRESS]", "invpcid TYPE, @DESCRIPTOR", "invpcid all-context"),
             source="SDM Vol. 2A INVPCID; Vol. 3A 4.10.4.1; Vol. 3C 25.1.3, 25.3", undefined=undefined, exits=exits)
def run(hw: Hardware, cpu: Cpu, kind: int, operand: Descriptor) -> None:
    """Forget an address of a PCID, a PCID, or all of them, of the current VPID; #GP for an illegal type or descriptor."""
    if kind not in invalidate.INVPCID_TYPES:
        raise GuestFault("#GP")
    pcid, la = read_128(hw, cpu, operand)
    if pcid >> 12 or kind in NAMES_A_PCID and pcid and not cpu.cr4 & CR4_PCIDE:
        raise GuestFault("#GP")
    if kind == invalidate.INDIVIDUAL_ADDRESS and not canonical(la, hw.caps.linear_bits):
        raise GuestFault("#GP")
    invalidate.invpcid(hw, cpu, kind, pcid, la)
