"""Execution of one instruction by the software that runs on a processor: tests, operation, and what becomes of faults."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import delivery, pending
from kvmdbg.machine.hw.controls import BLOCKING_MOV_SS, BLOCKING_STI, INTR_TYPE_SOFT_INTR, RFLAGS_TF
from kvmdbg.machine.hw.delivery import Event
from kvmdbg.machine.hw.events import Retired
from kvmdbg.machine.hw.exit import vm_exit
from kvmdbg.machine.hw.faults import GuestFault, SoftwareInterrupt, VmExit
from kvmdbg.machine.hw.instruction import ENTERED, EXITED, FAULTED, JUMPED, RETIRED
from kvmdbg.machine.hw.instructions import INSTRUCTIONS
from kvmdbg.machine.hw.modes import non_root
from kvmdbg.machine.hw.state import Cpu, Hardware, Insn

__all__ = ["ENTERED", "EXITED", "FAULTED", "RETIRED", "deliver_fault", "execute"]

DEBUG_SINGLE_STEP: Final = 1 << 14            # BS of the pending debug exceptions (SDM Vol. 3C 24.4.2)


def execute(hw: Hardware, cpu: Cpu, insn: Insn) -> str:
    """Let the software that runs on `cpu` execute `insn`: RETIRED, FAULTED, EXITED or ENTERED.

    raises: Unsupported when the instruction needs something that the model lacks.
    """
    entry = INSTRUCTIONS[insn.name]
    stepping = cpu.rflags & RFLAGS_TF
    blocked = cpu.blocking & (BLOCKING_STI | BLOCKING_MOV_SS)   # it lasts for one instruction; what STI sets now, for the next
    try:
        entry.admit(hw, cpu, insn.operands)
        outcome = entry.run(hw, cpu, *insn.operands) or RETIRED
    except VmExit as exit:
        vm_exit(hw, cpu, exit, insn)
        return EXITED
    except GuestFault as fault:
        return deliver_fault(hw, cpu, fault, insn)
    except SoftwareInterrupt as interrupt:
        event = Event(interrupt.vector, INTR_TYPE_SOFT_INTR, None, insn.length)
        return _after(hw, cpu, event, delivery.software_interrupt(hw, cpu, event))
    if outcome in (RETIRED, JUMPED):
        if outcome == RETIRED:
            cpu.rip = cpu.rip + insn.length & 0xFFFF_FFFF_FFFF_FFFF
        cpu.blocking &= ~blocked
        hw.emit(Retired, cpu.id, insn.text)
        if stepping and non_root(cpu):
            hw.pending[cpu.id].debug |= DEBUG_SINGLE_STEP
        pending.instruction_done(hw, cpu)
        return RETIRED
    return outcome


def deliver_fault(hw: Hardware, cpu: Cpu, fault: GuestFault, insn: Insn) -> str:
    """A VM exit if the exception bitmap wants the fault, else its delivery to the running software."""
    event = delivery.of_fault(fault, insn.length)
    return _after(hw, cpu, event, delivery.exception(hw, cpu, event, insn, fault.unblocked_nmi))


def _after(hw: Hardware, cpu: Cpu, event: Event, outcome: str) -> str:
    """The event has taken the place of an instruction, or was its effect; a guest without an IDT goes on behind the latter."""
    if outcome != EXITED:
        if event.length and not delivery.has_idt(cpu):
            cpu.rip = cpu.rip + event.length & 0xFFFF_FFFF_FFFF_FFFF      # a software event is a trap
        pending.instruction_done(hw, cpu)
    return outcome
