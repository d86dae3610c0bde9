"""What VM entry, instructions and VM exit do to the events that wait for a processor (SDM Vol. 3C 25.5, 26.6, 26.7, 27.3.4).

The VMX-preemption timer counts instructions of the guest, also one that ends in a VM exit: nothing else takes time here.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.checking import Read
from kvmdbg.machine.hw.controls import (
    BLOCKING_MOV_SS,
    BLOCKING_STI,
    CPU_MONITOR_TRAP_FLAG,
    EXIT_SAVE_PREEMPTION_TIMER,
    INTR_INFO_VALID,
    INTR_TYPE_OTHER_EVENT,
    INTR_TYPE_SOFT_EXCEPTION,
    INTR_TYPE_SOFT_INTR,
    PIN_PREEMPTION_TIMER,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.modes import non_root
from kvmdbg.machine.hw.state import NO_TIMER, Cpu, Hardware

SOFTWARE: Final = (INTR_TYPE_SOFT_INTR, INTR_TYPE_SOFT_EXCEPTION)


def enter(hw: Hardware, cpu: Cpu, read: Read) -> None:
    """VM entry: the timer starts, and pending debug exceptions are there unless an injected event takes their place."""
    pending = hw.pending[cpu.id]
    if read(F.PIN_BASED_VM_EXEC_CONTROL) & PIN_PREEMPTION_TIMER:
        pending.timer = read(F.VMX_PREEMPTION_TIMER_VALUE)
    debug = read(F.GUEST_PENDING_DBG_EXCEPTIONS)
    if debug and not _replaces_debug_exceptions(read):
        pending.debug = debug


def _replaces_debug_exceptions(read: Read) -> bool:
    """Does the injected event make the pending debug exceptions go away? (26.6.3)"""
    info = read(F.VM_ENTRY_INTR_INFO_FIELD)
    kind = info >> 8 & 7
    if not info & INTR_INFO_VALID or kind == INTR_TYPE_OTHER_EVENT:
        return False
    return kind not in SOFTWARE or not read(F.GUEST_INTERRUPTIBILITY_INFO) & BLOCKING_MOV_SS


def delivered(hw: Hardware, cpu: Cpu) -> None:
    """An event has been delivered: the guest is awake, blocking by STI and MOV SS is over, and the monitor trap is due."""
    cpu.activity = 0
    cpu.blocking &= ~(BLOCKING_STI | BLOCKING_MOV_SS)
    trap(hw, cpu)


def instruction_done(hw: Hardware, cpu: Cpu) -> None:
    """The guest has completed an instruction, or delivered a fault in its place."""
    if non_root(cpu):
        tick(hw, cpu)
        trap(hw, cpu)


def trap(hw: Hardware, cpu: Cpu) -> None:
    """With "monitor trap flag" 1 an MTF VM exit is pending on the instruction boundary that follows (25.5.2)."""
    if vmcs.read(hw, cpu, F.CPU_BASED_VM_EXEC_CONTROL) & CPU_MONITOR_TRAP_FLAG:
        hw.pending[cpu.id].mtf = True


def tick(hw: Hardware, cpu: Cpu) -> None:
    """One instruction less until the VMX-preemption timer expires."""
    pending = hw.pending[cpu.id]
    if pending.timer > 0:
        pending.timer -= 1


def leave(hw: Hardware, cpu: Cpu) -> None:
    """VM exit: what is pending goes to the VMCS, as far as its fields and controls say, or is lost."""
    pending = hw.pending[cpu.id]
    vmcs.write(hw, cpu, F.GUEST_PENDING_DBG_EXCEPTIONS, pending.debug)
    if pending.timer != NO_TIMER:
        if vmcs.read(hw, cpu, F.VM_EXIT_CONTROLS) & EXIT_SAVE_PREEMPTION_TIMER:
            vmcs.write(hw, cpu, F.VMX_PREEMPTION_TIMER_VALUE, pending.timer)
        pending.timer = NO_TIMER
    if pending.debug:
        pending.debug = 0
    if pending.mtf:
        pending.mtf = False
