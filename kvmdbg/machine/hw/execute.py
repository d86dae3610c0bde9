"""Execution of one instruction by the software that runs on a processor: tests, operation, and what becomes of faults."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import pending, vmcs
from kvmdbg.machine.hw.controls import (
    BLOCKING_MOV_SS,
    BLOCKING_STI,
    EXIT_REASON_EXCEPTION_NMI,
    INTR_INFO_ERROR_CODE,
    INTR_INFO_VALID,
    INTR_TYPE_HARD_EXCEPTION,
)
from kvmdbg.machine.hw.events import Faulted, Retired
from kvmdbg.machine.hw.exit import INSTRUCTION_LENGTH, vm_exit
from kvmdbg.machine.hw.faults import GuestFault, VmExit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instruction import ENTERED, EXITED, FAULTED, RETIRED
from kvmdbg.machine.hw.instructions import INSTRUCTIONS
from kvmdbg.machine.hw.modes import non_root
from kvmdbg.machine.hw.state import Cpu, Hardware, Insn

__all__ = ["ENTERED", "EXITED", "FAULTED", "RETIRED", "deliver_fault", "execute"]

PAGE_FAULT: Final = 14
VECTORS: Final = {"#DE": 0, "#DB": 1, "#BP": 3, "#OF": 4, "#BR": 5, "#UD": 6, "#NM": 7, "#DF": 8, "#TS": 10, "#NP": 11,
                  "#SS": 12, "#GP": 13, "#PF": PAGE_FAULT, "#MF": 16, "#AC": 17, "#MC": 18, "#XM": 19}
HAS_ERROR_CODE: Final = ("#DF", "#TS", "#NP", "#SS", "#GP", "#PF", "#AC")


def execute(hw: Hardware, cpu: Cpu, insn: Insn) -> str:
    """Let the software that runs on `cpu` execute `insn`: RETIRED, FAULTED, EXITED or ENTERED.

    raises: Unsupported when the instruction needs something that the model lacks.
    """
    entry = INSTRUCTIONS[insn.name]
    blocked = cpu.blocking & (BLOCKING_STI | BLOCKING_MOV_SS)   # it lasts for one instruction; what STI sets now, for the next
    try:
        entry.admit(hw, cpu, insn.operands)
        outcome = entry.run(hw, cpu, *insn.operands) or RETIRED
    except VmExit as exit:
        vm_exit(hw, cpu, exit, insn)
        return EXITED
    except GuestFault as fault:
        return deliver_fault(hw, cpu, fault, insn)
    if outcome == RETIRED:
        cpu.rip = cpu.rip + INSTRUCTION_LENGTH & 0xFFFF_FFFF_FFFF_FFFF
        cpu.blocking &= ~blocked
        hw.emit(Retired, cpu.id, insn.text)
        pending.instruction_done(hw, cpu)
    return outcome


def deliver_fault(hw: Hardware, cpu: Cpu, fault: GuestFault, insn: Insn) -> str:
    """A VM exit if the exception bitmap wants the fault, else its delivery to the running software."""
    if non_root(cpu) and _intercepted(hw, cpu, fault):
        info = INTR_INFO_VALID | INTR_TYPE_HARD_EXCEPTION << 8 | VECTORS[fault.vector]
        if fault.vector in HAS_ERROR_CODE:
            info |= INTR_INFO_ERROR_CODE
        vm_exit(hw, cpu, VmExit(EXIT_REASON_EXCEPTION_NMI, fault.address), insn, info, fault.error_code)
        return EXITED
    if fault.vector == "#PF":
        cpu.cr2 = fault.address
    hw.emit(Faulted, cpu.id, fault.vector, fault.error_code, fault.address)
    pending.instruction_done(hw, cpu)
    return FAULTED


def _intercepted(hw: Hardware, cpu: Cpu, fault: GuestFault) -> bool:
    """The exception bitmap; for #PF a mismatch of the error code reverses what its bit says (SDM Vol. 3C 24.6.3)."""
    bit = bool(vmcs.read(hw, cpu, F.EXCEPTION_BITMAP) >> VECTORS[fault.vector] & 1)
    if fault.vector != "#PF":
        return bit
    masked = fault.error_code & vmcs.read(hw, cpu, F.PAGE_FAULT_ERROR_CODE_MASK)
    return bit == (masked == vmcs.read(hw, cpu, F.PAGE_FAULT_ERROR_CODE_MATCH))
