"""VM exit: what is recorded, what is saved, what the host finds (SDM Vol. 3C 27; architecture.md E.4).

Guest code is not in memory, so the operands of an instruction that causes a VM exit cannot be read from it. The
instruction itself stands in `cpu.exit_insn`; the fields that describe it follow one convention. A memory operand has
neither base nor index, DS as its segment and 64-bit addresses, so that its address is the displacement in the exit
qualification (0 for an operand given inline); the length is the shortest encoding's all the same. A register operand is RAX, and
the encoding of VMREAD and VMWRITE and the type of INVEPT, INVVPID and INVPCID are in RCX.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import guest_state, host_state, msr_area, pending, vmcs
from kvmdbg.machine.hw.checking import secondary_controls
from kvmdbg.machine.hw.controls import (
    EXIT_REASON_CPUID,
    EXIT_REASON_CR_ACCESS,
    EXIT_REASON_EPT_MISCONFIG,
    EXIT_REASON_EPT_VIOLATION,
    EXIT_REASON_HLT,
    EXIT_REASON_INVEPT,
    EXIT_REASON_INVLPG,
    EXIT_REASON_INVPCID,
    EXIT_REASON_INVVPID,
    EXIT_REASON_IO_INSTRUCTION,
    EXIT_REASON_MSR_READ,
    EXIT_REASON_MSR_WRITE,
    EXIT_REASON_PAUSE,
    EXIT_REASON_RDTSC,
    EXIT_REASON_RDTSCP,
    EXIT_REASON_VMCALL,
    EXIT_REASON_VMCLEAR,
    EXIT_REASON_VMFUNC,
    EXIT_REASON_VMLAUNCH,
    EXIT_REASON_VMOFF,
    EXIT_REASON_VMON,
    EXIT_REASON_VMPTRLD,
    EXIT_REASON_VMPTRST,
    EXIT_REASON_VMREAD,
    EXIT_REASON_VMRESUME,
    EXIT_REASON_VMWRITE,
    INTR_INFO_ERROR_CODE,
    INTR_INFO_VALID,
    SEC_ENABLE_VPID,
)
from kvmdbg.machine.hw.events import VmExited
from kvmdbg.machine.hw.faults import VmExit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.invalidate import vpid_transition
from kvmdbg.machine.hw.operands import Descriptor
from kvmdbg.machine.hw.state import NO_INSN, Cpu, Hardware, Insn

# VM-exit instruction information (SDM Vol. 3C 27.2.5)
_MEMORY: Final = 2 << 7 | 3 << 15 | 1 << 22 | 1 << 27         # 64-bit addresses, DS, no index, no base
_REGISTER: Final = 1 << 10                                    # Reg1 (bits 6:3) = RAX instead of memory
_STRING: Final = 2 << 7 | 3 << 15                             # 64-bit addresses, DS
IO_STRING: Final = 1 << 4                                     # of the qualification of an I/O instruction: INS or OUTS
_REG2_RCX: Final = 1 << 28

INSTRUCTION_INFO: Final[dict[int, int]] = {
    EXIT_REASON_VMCLEAR: _MEMORY, EXIT_REASON_VMPTRLD: _MEMORY, EXIT_REASON_VMPTRST: _MEMORY, EXIT_REASON_VMON: _MEMORY,
    EXIT_REASON_VMREAD: _REGISTER | _REG2_RCX, EXIT_REASON_VMWRITE: _REGISTER | _REG2_RCX,
    EXIT_REASON_INVEPT: _MEMORY | _REG2_RCX, EXIT_REASON_INVVPID: _MEMORY | _REG2_RCX, EXIT_REASON_INVPCID: _MEMORY | _REG2_RCX,
}
VMCS_ACCESSES: Final = (EXIT_REASON_VMREAD, EXIT_REASON_VMWRITE)
INSTRUCTION_EXITS: Final = frozenset(INSTRUCTION_INFO) | {
    EXIT_REASON_CPUID, EXIT_REASON_HLT, EXIT_REASON_INVLPG, EXIT_REASON_VMCALL, EXIT_REASON_VMLAUNCH, EXIT_REASON_VMRESUME,
    EXIT_REASON_VMOFF, EXIT_REASON_CR_ACCESS, EXIT_REASON_MSR_READ, EXIT_REASON_MSR_WRITE, EXIT_REASON_VMFUNC,
    EXIT_REASON_PAUSE, EXIT_REASON_RDTSC, EXIT_REASON_RDTSCP, EXIT_REASON_IO_INSTRUCTION,
}
EPT_EXITS: Final = (EXIT_REASON_EPT_VIOLATION, EXIT_REASON_EPT_MISCONFIG)


def vm_exit(hw: Hardware, cpu: Cpu, exit: VmExit, insn: Insn = NO_INSN, intr_info: int = 0, error_code: int = 0,
            vectoring: int = 0, vectoring_error: int = 0, length: int = 0) -> None:
    """Leave the guest of the current VMCS for its host.

    insn: the instruction that was executing; NO_INSN for an event of its own (an external interrupt, say).
    intr_info: VM-exit interruption information, valid bit included; 0 = none.    error_code: used with its bit 11.
    vectoring, vectoring_error: the same of the event that was being delivered (27.2.4).
    length: bytes of the instruction behind a software event, if the exit is one or came on its way; else 0.
    """
    hw.emit(VmExited, cpu.id, cpu.current_vmcs, exit.reason, exit.qualification)
    _record(hw, cpu, exit, insn, intr_info, error_code)
    _record_vectoring(hw, cpu, vectoring, vectoring_error, length)
    guest_state.save(hw, cpu)
    if insn != NO_INSN:
        pending.tick(hw, cpu)
    pending.leave(hw, cpu)
    read = vmcs.reader(hw, cpu)
    msr_area.store(hw, cpu, read)
    if not secondary_controls(read) & SEC_ENABLE_VPID:
        vpid_transition(hw, cpu, by="vm exit")
    host_state.load(hw, cpu, read)
    msr_area.load_host(hw, cpu, read)
    cpu.exit_insn = insn


def _record_vectoring(hw: Hardware, cpu: Cpu, vectoring: int, error_code: int, length: int) -> None:
    """IDT-vectoring information, and the instruction length where a software event needs it (27.2.4, 27.2.5)."""
    vmcs.write(hw, cpu, F.IDT_VECTORING_INFO_FIELD, vectoring)
    if vectoring & INTR_INFO_ERROR_CODE:
        vmcs.write(hw, cpu, F.IDT_VECTORING_ERROR_CODE, error_code)
    if length:
        vmcs.write(hw, cpu, F.VM_EXIT_INSTRUCTION_LEN, length)


def _record(hw: Hardware, cpu: Cpu, exit: VmExit, insn: Insn, intr_info: int, error_code: int) -> None:
    """The exit-information fields. Those that a VM exit of this reason leaves undefined keep their value."""
    fields = {F.VM_EXIT_REASON: exit.reason, F.EXIT_QUALIFICATION: exit.qualification, F.VM_EXIT_INTR_INFO: intr_info}
    if intr_info & INTR_INFO_ERROR_CODE:
        fields[F.VM_EXIT_INTR_ERROR_CODE] = error_code
    if exit.reason in EPT_EXITS:
        fields[F.GUEST_PHYSICAL_ADDRESS] = exit.gpa
        fields[F.GUEST_LINEAR_ADDRESS] = exit.gla
    if exit.reason == EXIT_REASON_IO_INSTRUCTION and exit.qualification & IO_STRING:
        fields[F.GUEST_LINEAR_ADDRESS] = exit.gla
        fields[F.VMX_INSTRUCTION_INFO] = _STRING
    if exit.reason in INSTRUCTION_EXITS:
        fields[F.VM_EXIT_INSTRUCTION_LEN] = insn.length
    if exit.reason in INSTRUCTION_INFO:
        fields[F.VMX_INSTRUCTION_INFO] = instruction_information(exit.reason, insn)
    fields[F.VM_ENTRY_INTR_INFO_FIELD] = vmcs.read(hw, cpu, F.VM_ENTRY_INTR_INFO_FIELD) & ~INTR_INFO_VALID
    for field, value in fields.items():
        vmcs.write(hw, cpu, field, value)


def instruction_information(reason: int, insn: Insn) -> int:
    """What the field says of `insn` (SDM Vol. 3C 27.2.5): VMREAD and VMWRITE take a register or memory, the others one of them."""
    in_memory = reason in VMCS_ACCESSES and any(isinstance(operand, Descriptor) for operand in insn.operands)
    return _MEMORY | _REG2_RCX if in_memory else INSTRUCTION_INFO[reason]
