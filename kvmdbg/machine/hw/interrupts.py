"""Interrupts of a logical processor: how they come, when its guest notices them, and when its host does.

Between two instructions of a guest, and right after a VM entry, the processor looks at what is pending, in the manual's
order of priority (SDM Vol. 3A 6.9; Vol. 3C 25.2, 25.5.1, 25.5.2; architecture.md E.6).  An event becomes a VM exit, or it
is delivered to the guest: through its IDT, or, where it has set up none, to a handler that returns at once.
In VMX root operation the host takes interrupts when its software lets it (`take`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from kvmdbg.machine.hw import posted_interrupts, virtual_interrupts, vmcs
from kvmdbg.machine.hw.controls import (
    ACTIVITY_HLT,
    BLOCKING_MOV_SS,
    BLOCKING_NMI,
    BLOCKING_STI,
    CPU_INTERRUPT_WINDOW_EXITING,
    CPU_NMI_WINDOW_EXITING,
    EXIT_ACK_INTR_ON_EXIT,
    EXIT_REASON_EXCEPTION_NMI,
    EXIT_REASON_EXTERNAL_INTERRUPT,
    EXIT_REASON_INTERRUPT_WINDOW,
    EXIT_REASON_MONITOR_TRAP_FLAG,
    EXIT_REASON_NMI_WINDOW,
    EXIT_REASON_PREEMPTION_TIMER,
    INTR_INFO_VALID,
    INTR_TYPE_EXTERNAL,
    INTR_TYPE_NMI,
    PIN_EXTERNAL_INTERRUPT_EXITING,
    PIN_NMI_EXITING,
    PIN_VIRTUAL_NMIS,
    RFLAGS_IF,
)
from kvmdbg.machine.hw.delivery import Event, deliver
from kvmdbg.machine.hw.events import Raised, Taken
from kvmdbg.machine.hw.execute import EXITED, deliver_fault
from kvmdbg.machine.hw.exit import vm_exit
from kvmdbg.machine.hw.faults import GuestFault, VmExit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.modes import non_root
from kvmdbg.machine.hw.state import NO_INSN, NO_TIMER, Cpu, Hardware

NMI_VECTOR: Final = 2
POSTED: Final = "posted"          # what a boundary comes to that only makes virtual interrupts pending
DEBUG_DUE: Final = 1 << 12 | 1 << 14          # enabled breakpoint, single step: without them no #DB comes (24.4.2)
DEBUG_QUALIFICATION: Final = 0xF | 1 << 14


class Boundary(NamedTuple):
    """One kind of event that an instruction boundary of the guest may bring."""

    name: str
    waits: Callable[[Hardware, Cpu], bool]
    happen: Callable[[Hardware, Cpu], str]        # EXITED, or "faulted" for what the guest itself gets


# -- how interrupts come ---------------------------------------------------------------------------------------------


def raise_interrupt(hw: Hardware, cpu_id: int, vector: int) -> None:
    """A device or another processor (an IPI) offers `vector`, 16..255; a vector that waits already stays one."""
    hw.emit(Raised, cpu_id, vector, INTR_TYPE_EXTERNAL)
    hw.pending[cpu_id].irr |= 1 << vector


def raise_nmi(hw: Hardware, cpu_id: int) -> None:
    """A non-maskable interrupt."""
    hw.emit(Raised, cpu_id, NMI_VECTOR, INTR_TYPE_NMI)
    hw.pending[cpu_id].nmi = True


def highest(irr: int) -> int:
    """The vector with the highest priority, -1 if none waits."""
    return irr.bit_length() - 1


# -- the host ----------------------------------------------------------------------------------------------------------


def take(hw: Hardware, cpu: Cpu) -> None:
    """The software in VMX root operation has interrupts on: it handles what waits, NMIs first, then the highest vector."""
    waiting = hw.pending[cpu.id]
    if waiting.nmi:
        waiting.nmi = False
        hw.emit(Taken, cpu.id, NMI_VECTOR, INTR_TYPE_NMI)
    while waiting.irr:
        hw.emit(Taken, cpu.id, acknowledge(hw, cpu), INTR_TYPE_EXTERNAL)


def acknowledge(hw: Hardware, cpu: Cpu) -> int:
    """The local APIC hands over its highest vector."""
    waiting = hw.pending[cpu.id]
    vector = highest(waiting.irr)
    waiting.irr &= ~(1 << vector)
    return vector


# -- the guest ---------------------------------------------------------------------------------------------------------


def due(hw: Hardware, cpu: Cpu) -> Boundary | None:
    """What happens at this instruction boundary before another instruction of the guest; None: nothing."""
    if not non_root(cpu):
        return None
    return next((one for one in BOUNDARIES if one.waits(hw, cpu)), None)


def attend(hw: Hardware, cpu: Cpu) -> str:
    """Let what is due happen: EXITED when the host runs now, "faulted" when the guest goes on after a delivery."""
    boundary = due(hw, cpu)
    assert boundary is not None, "nothing is due: ask due() first"
    return boundary.happen(hw, cpu)


def halted(cpu: Cpu) -> bool:
    """The guest executes nothing until an event wakes it."""
    return non_root(cpu) and cpu.activity == ACTIVITY_HLT


def _control(field: int, bit: int) -> Callable[[Hardware, Cpu], bool]:
    return lambda hw, cpu: bool(vmcs.read(hw, cpu, field) & bit)


_external_interrupt_exiting = _control(F.PIN_BASED_VM_EXEC_CONTROL, PIN_EXTERNAL_INTERRUPT_EXITING)
_nmi_exiting = _control(F.PIN_BASED_VM_EXEC_CONTROL, PIN_NMI_EXITING)
_virtual_nmis = _control(F.PIN_BASED_VM_EXEC_CONTROL, PIN_VIRTUAL_NMIS)
_interrupt_window_exiting = _control(F.CPU_BASED_VM_EXEC_CONTROL, CPU_INTERRUPT_WINDOW_EXITING)
_nmi_window_exiting = _control(F.CPU_BASED_VM_EXEC_CONTROL, CPU_NMI_WINDOW_EXITING)
_acknowledges = _control(F.VM_EXIT_CONTROLS, EXIT_ACK_INTR_ON_EXIT)


def _exits_with(reason: int) -> Callable[[Hardware, Cpu], str]:
    def happen(hw: Hardware, cpu: Cpu) -> str:
        vm_exit(hw, cpu, VmExit(reason), NO_INSN)
        return EXITED
    return happen


def _delivers(hw: Hardware, cpu: Cpu, vector: int, kind: int) -> str:
    return deliver(hw, cpu, Event(vector, kind, None))


def _mtf(hw: Hardware, cpu: Cpu) -> bool:
    return hw.pending[cpu.id].mtf


def _debug_exception(hw: Hardware, cpu: Cpu) -> bool:
    """Pending debug exceptions, which MOV SS holds up."""
    return bool(hw.pending[cpu.id].debug & DEBUG_DUE) and not cpu.blocking & BLOCKING_MOV_SS


def _debug_exception_happens(hw: Hardware, cpu: Cpu) -> str:
    waiting = hw.pending[cpu.id]
    qualification = waiting.debug & DEBUG_QUALIFICATION
    waiting.debug = 0
    return deliver_fault(hw, cpu, GuestFault("#DB", 0, qualification), NO_INSN)


def _timer(hw: Hardware, cpu: Cpu) -> bool:
    """Expired; or the guest is halted with the timer running, and nothing else will happen before it expires."""
    timer = hw.pending[cpu.id].timer
    return timer == 0 or timer != NO_TIMER and halted(cpu) and not any(one.waits(hw, cpu) for one in BEHIND_THE_TIMER)


def _timer_happens(hw: Hardware, cpu: Cpu) -> str:
    hw.pending[cpu.id].timer = 0
    return _exits_with(EXIT_REASON_PREEMPTION_TIMER)(hw, cpu)


def _nmi_window(hw: Hardware, cpu: Cpu) -> bool:
    """Neither virtual NMIs are blocked nor does MOV SS block."""
    return not cpu.blocking & (BLOCKING_NMI | BLOCKING_MOV_SS) and _nmi_window_exiting(hw, cpu)


def _nmi(hw: Hardware, cpu: Cpu) -> bool:
    """With "virtual NMIs" the blocking bit is not about the processor's own NMIs."""
    if not hw.pending[cpu.id].nmi or cpu.blocking & BLOCKING_MOV_SS:
        return False
    return not cpu.blocking & BLOCKING_NMI or _virtual_nmis(hw, cpu)


def _nmi_happens(hw: Hardware, cpu: Cpu) -> str:
    exiting = _nmi_exiting(hw, cpu)
    hw.pending[cpu.id].nmi = False
    if not exiting:
        return _delivers(hw, cpu, NMI_VECTOR, INTR_TYPE_NMI)
    vm_exit(hw, cpu, VmExit(EXIT_REASON_EXCEPTION_NMI), NO_INSN, INTR_INFO_VALID | INTR_TYPE_NMI << 8 | NMI_VECTOR)
    return EXITED


def _interruptible(cpu: Cpu) -> bool:
    return bool(cpu.rflags & RFLAGS_IF) and not cpu.blocking & (BLOCKING_STI | BLOCKING_MOV_SS)


def _interrupt_window(hw: Hardware, cpu: Cpu) -> bool:
    return _interruptible(cpu) and _interrupt_window_exiting(hw, cpu)


def _virtual_interrupt(hw: Hardware, cpu: Cpu) -> bool:
    """Of the priority of an interrupt window, which excludes it, and before external interrupts (29.2.2)."""
    return _interruptible(cpu) and virtual_interrupts.recognized(hw, cpu)


def _virtual_interrupt_happens(hw: Hardware, cpu: Cpu) -> str:
    outcome = _delivers(hw, cpu, virtual_interrupts.deliver(hw, cpu), INTR_TYPE_EXTERNAL)
    virtual_interrupts.virtualize_eoi(hw, cpu)
    return outcome


def _posted_interrupt(hw: Hardware, cpu: Cpu) -> bool:
    return posted_interrupts.notifies(hw, cpu) and _interrupt(hw, cpu)


def _posted_interrupt_happens(hw: Hardware, cpu: Cpu) -> str:
    """No VM exit, and nothing is delivered yet: what is pending then is looked at next (29.6)."""
    acknowledge(hw, cpu)
    posted_interrupts.process(hw, cpu)
    return POSTED


def _interrupt(hw: Hardware, cpu: Cpu) -> bool:
    """RFLAGS.IF does not matter where external interrupts exit; STI and MOV SS block all the same (24.6.1)."""
    if not hw.pending[cpu.id].irr:
        return False
    return _interruptible(cpu) or not cpu.blocking & (BLOCKING_STI | BLOCKING_MOV_SS) and _external_interrupt_exiting(hw, cpu)


def _interrupt_happens(hw: Hardware, cpu: Cpu) -> str:
    """"Acknowledge interrupt on exit" takes the vector and reports it; else it goes on waiting, for the host (27.2.2)."""
    if not _external_interrupt_exiting(hw, cpu):
        return _delivers(hw, cpu, acknowledge(hw, cpu), INTR_TYPE_EXTERNAL)
    info = INTR_INFO_VALID | INTR_TYPE_EXTERNAL << 8 | acknowledge(hw, cpu) if _acknowledges(hw, cpu) else 0
    vm_exit(hw, cpu, VmExit(EXIT_REASON_EXTERNAL_INTERRUPT), NO_INSN, info)
    return EXITED


BEHIND_THE_TIMER: Final = (
    Boundary("NMI window", _nmi_window, _exits_with(EXIT_REASON_NMI_WINDOW)),
    Boundary("NMI", _nmi, _nmi_happens),
    Boundary("interrupt window", _interrupt_window, _exits_with(EXIT_REASON_INTERRUPT_WINDOW)),
    Boundary("virtual interrupt", _virtual_interrupt, _virtual_interrupt_happens),
    Boundary("posted interrupt", _posted_interrupt, _posted_interrupt_happens),
    Boundary("external interrupt", _interrupt, _interrupt_happens),
)
BOUNDARIES: Final = (
    Boundary("monitor trap", _mtf, _exits_with(EXIT_REASON_MONITOR_TRAP_FLAG)),
    Boundary("pending debug exception", _debug_exception, _debug_exception_happens),
    Boundary("preemption timer", _timer, _timer_happens),
    *BEHIND_THE_TIMER,
)
