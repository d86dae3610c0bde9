"""Event delivery through the IDT: gate, stack frame, handler; faults on the way (SDM Vol. 3A 6.10 to 6.15; Vol. 3C 27.2.4).

Gates and stack are guest memory, read and written by linear address: delivery uses and fills translations like any access, and
may meet a page fault or an EPT violation.  A second fault becomes #DF, a third one a shutdown; an exception that the exception
bitmap wants, or a VM exit on the way, leaves the event in the IDT-vectoring information.

A guest whose IDTR has base 0 has set up no IDT: its handlers are taken to be somewhere outside the model and to return at once.
Selectors are not looked up, as there is no GDT: every code segment of a gate is a flat 64-bit one of privilege level 0.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import access, pending, segmentation, vmcs
from kvmdbg.machine.hw.controls import (
    AR_L,
    BLOCKING_NMI,
    EXIT_REASON_EXCEPTION_NMI,
    EXIT_REASON_TRIPLE_FAULT,
    INTR_INFO_ERROR_CODE,
    INTR_INFO_UNBLOCK_NMI,
    INTR_INFO_VALID,
    INTR_TYPE_HARD_EXCEPTION,
    INTR_TYPE_NMI,
    INTR_TYPE_PRIV_SW_EXCEPTION,
    INTR_TYPE_SOFT_EXCEPTION,
    INTR_TYPE_SOFT_INTR,
    RFLAGS_IF,
    RFLAGS_NT,
    RFLAGS_RF,
    RFLAGS_TF,
    RFLAGS_VM,
)
from kvmdbg.machine.hw.events import Delivered, Faulted, Vectored
from kvmdbg.machine.hw.exit import vm_exit
from kvmdbg.machine.hw.faults import GuestFault, VmExit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instruction import EXITED, FAULTED
from kvmdbg.machine.hw.modes import long_mode, non_root
from kvmdbg.machine.hw.state import NO_INSN, Cpu, Hardware, Insn

DOUBLE_FAULT: Final = 8
PAGE_FAULT: Final = 14
VECTORS: Final = {"#DE": 0, "#DB": 1, "#BP": 3, "#OF": 4, "#BR": 5, "#UD": 6, "#NM": 7, "#DF": DOUBLE_FAULT, "#TS": 10, "#NP": 11,
                  "#SS": 12, "#GP": 13, "#PF": PAGE_FAULT, "#MF": 16, "#AC": 17, "#MC": 18, "#XM": 19}
NAMES: Final = {vector: name for name, vector in VECTORS.items()}
HAS_ERROR_CODE: Final = ("#DF", "#TS", "#NP", "#SS", "#GP", "#PF", "#AC")
CONTRIBUTORY: Final = (0, 10, 11, 12, 13)     # of double faults (SDM Vol. 3A table 6-5)
SOFTWARE: Final = (INTR_TYPE_SOFT_INTR, INTR_TYPE_PRIV_SW_EXCEPTION, INTR_TYPE_SOFT_EXCEPTION)
CHECKS_DPL: Final = (INTR_TYPE_SOFT_INTR, INTR_TYPE_SOFT_EXCEPTION)
DEBUG_EXCEPTION: Final = 1
DR6_RESET: Final = 0xFFFF_0FF0                # with the bits that are always 1
DR6_BREAKPOINTS: Final = 0xF                  # of DR6: which breakpoint it was; each debug exception sets them anew
DR6_STATUS: Final = DR6_BREAKPOINTS | 0xE000  # with access to a debug register, single step and task switch

# an error code that names a gate (SDM Vol. 3A 6.13)
ERROR_EXTERNAL: Final = 1 << 0                # the event was not the program's own instruction
ERROR_IDT: Final = 1 << 1
INTERRUPT_GATE: Final = 14
TRAP_GATE: Final = 15
GATE_BYTES: Final = 16                        # of a 64-bit gate


class Event(NamedTuple):
    """An interrupt or exception that is to be delivered."""

    vector: int                # 0..255
    type: int                  # interruption type, as in the VM-entry interruption information
    error_code: int | None     # None: the handler gets none
    length: int = 0            # bytes of the instruction of a software event: the handler returns behind it
    address: int = 0           # for #PF what CR2 gets, for #DB the exit qualification

    @property
    def info(self) -> int:
        """Interruption information (SDM Vol. 3C 24.8.3, 24.9.2)."""
        return INTR_INFO_VALID | (INTR_INFO_ERROR_CODE if self.error_code is not None else 0) | self.type << 8 | self.vector


def of_fault(fault: GuestFault, length: int = 0) -> Event:
    """The event that a fault, or a software exception of `length` bytes, is."""
    error_code = fault.error_code if fault.vector in HAS_ERROR_CODE else None
    return Event(VECTORS[fault.vector], fault.type, error_code, length if fault.type in SOFTWARE else 0, fault.address)


def has_idt(cpu: Cpu) -> bool:
    """Has the running software set up an IDT?"""
    return bool(cpu.descriptors.idtr_base)


def intercepted(hw: Hardware, cpu: Cpu, event: Event) -> bool:
    """Does the exception bitmap make a VM exit of it?  For #PF a mismatch of the error code reverses its bit (24.6.3)."""
    if not non_root(cpu) or event.type not in (INTR_TYPE_HARD_EXCEPTION, INTR_TYPE_SOFT_EXCEPTION, INTR_TYPE_PRIV_SW_EXCEPTION):
        return False
    bit = bool(vmcs.read(hw, cpu, F.EXCEPTION_BITMAP) >> event.vector & 1)
    if event.vector != PAGE_FAULT:
        return bit
    masked = (event.error_code or 0) & vmcs.read(hw, cpu, F.PAGE_FAULT_ERROR_CODE_MASK)
    return bit == (masked == vmcs.read(hw, cpu, F.PAGE_FAULT_ERROR_CODE_MATCH))


def exception(hw: Hardware, cpu: Cpu, event: Event, insn: Insn = NO_INSN, unblocked_nmi: bool = False) -> str:
    """An exception of the running software: a VM exit if the exception bitmap wants it, else its delivery.

    insn: the instruction that raised it; unblocked_nmi: an IRET that had let NMIs in again.    Returns EXITED or FAULTED.
    """
    if intercepted(hw, cpu, event):
        info = event.info | (INTR_INFO_UNBLOCK_NMI if unblocked_nmi else 0)
        vm_exit(hw, cpu, VmExit(EXIT_REASON_EXCEPTION_NMI, event.address), insn, info, event.error_code or 0, length=event.length)
        return EXITED
    _raised(hw, cpu, event)
    return _through(hw, cpu, event) if has_idt(cpu) else FAULTED


def software_interrupt(hw: Hardware, cpu: Cpu, event: Event) -> str:
    """INT n: nothing intercepts it; what goes wrong on the way may.    Returns EXITED or FAULTED, as deliver()."""
    hw.emit(Delivered, cpu.id, event.vector, event.type, 0)
    return _through(hw, cpu, event) if has_idt(cpu) else FAULTED


def deliver(hw: Hardware, cpu: Cpu, event: Event) -> str:
    """An interrupt, an NMI or an injected event reaches the guest, whatever the exception bitmap says.

    The guest is awake then, and the monitor trap is due.    Returns EXITED when something on the way makes the guest leave, else
    FAULTED.
    """
    hw.emit(Delivered, cpu.id, event.vector, event.type, event.error_code or 0)
    outcome = _through(hw, cpu, event) if has_idt(cpu) else FAULTED
    if outcome != EXITED:
        pending.delivered(hw, cpu)
    return outcome


def _raised(hw: Hardware, cpu: Cpu, event: Event) -> None:
    if event.vector == PAGE_FAULT:
        cpu.cr2 = event.address
    if event.vector == DEBUG_EXCEPTION and event.type == INTR_TYPE_HARD_EXCEPTION:
        cpu.dr6 = cpu.dr6 & ~DR6_BREAKPOINTS | event.address & DR6_STATUS         # one that exits leaves DR6 alone (27.1)
    hw.emit(Faulted, cpu.id, NAMES[event.vector], event.error_code or 0, event.address)


def _through(hw: Hardware, cpu: Cpu, event: Event) -> str:
    """The way to the handler, with what goes wrong on it."""
    while True:
        try:
            _transfer(hw, cpu, event)
            return FAULTED
        except VmExit as exit:
            vm_exit(hw, cpu, exit, vectoring=event.info, vectoring_error=event.error_code or 0, length=event.length)
            return EXITED
        except GuestFault as fault:
            second = of_fault(fault)
        if intercepted(hw, cpu, second):          # before the two make a #DF: that is the host's affair then
            vm_exit(hw, cpu, VmExit(EXIT_REASON_EXCEPTION_NMI, second.address), NO_INSN, second.info, second.error_code or 0,
                    vectoring=event.info, vectoring_error=event.error_code or 0, length=event.length)
            return EXITED
        if second.vector == PAGE_FAULT:
            cpu.cr2 = second.address              # also where the two make a #DF
        following = combined(event, second)
        if following is None:
            return _shutdown(hw, cpu)
        if following.vector == DOUBLE_FAULT and intercepted(hw, cpu, following):
            vm_exit(hw, cpu, VmExit(EXIT_REASON_EXCEPTION_NMI), NO_INSN, following.info, 0)
            return EXITED                         # no exit during delivery, as the #DF itself causes it (27.2.4)
        _raised(hw, cpu, following)
        event = following


def combined(first: Event, second: Event) -> Event | None:
    """What a fault during the delivery of `first` becomes: itself, #DF, or None: shutdown (SDM Vol. 3A tables 6-4, 6-5)."""
    serious = second.vector in (*CONTRIBUTORY, PAGE_FAULT)
    if first.type != INTR_TYPE_HARD_EXCEPTION or not serious:
        return second
    if first.vector == DOUBLE_FAULT:
        return None
    if first.vector == PAGE_FAULT or first.vector in CONTRIBUTORY and second.vector in CONTRIBUTORY:
        return Event(DOUBLE_FAULT, INTR_TYPE_HARD_EXCEPTION, 0)
    return second


def _shutdown(hw: Hardware, cpu: Cpu) -> str:
    """A third fault: VM exit 2 of a guest."""
    if not non_root(cpu):
        raise Unsupported("a triple fault of the host is not modelled", "Give its IDT a gate for #DF.")
    vm_exit(hw, cpu, VmExit(EXIT_REASON_TRIPLE_FAULT))
    return EXITED


# -- the transfer ------------------------------------------------------------------------------------------------------


def _transfer(hw: Hardware, cpu: Cpu, event: Event) -> None:
    """Read the gate, push the frame, go to the handler.

    raises: GuestFault, VmExit; Unsupported outside 64-bit mode and from privilege level 3.
    """
    _refuse_unmodelled(cpu)
    external = 0 if event.type in SOFTWARE else ERROR_EXTERNAL
    names_gate = event.vector << 3 | ERROR_IDT | external
    idt = cpu.descriptors
    if GATE_BYTES * event.vector + GATE_BYTES - 1 > idt.idtr_limit:
        raise GuestFault("#GP", names_gate)
    low, high = (access.load(hw, cpu, idt.idtr_base + GATE_BYTES * event.vector + half) for half in (0, 8))
    kind = low >> 40 & 0x1F
    if kind not in (INTERRUPT_GATE, TRAP_GATE) or event.type in CHECKS_DPL and low >> 45 & 3 < access.cpl(cpu):
        raise GuestFault("#GP", names_gate)
    if not low >> 47 & 1:
        raise GuestFault("#NP", names_gate)
    selector, handler = low >> 16 & 0xFFFF, low & 0xFFFF | low >> 32 & 0xFFFF_0000 | (high & 0xFFFF_FFFF) << 32
    if not selector & ~3 or not access.paging_of(hw, cpu).canonical(handler):
        raise GuestFault("#GP", external)
    if low >> 32 & 7:
        raise Unsupported(f"vector {event.vector}: its gate names an interrupt stack (IST): there is no TSS", "Use IST 0.")
    _push_frame(hw, cpu, event, external)
    cpu.rip = handler
    cpu.rflags &= ~(RFLAGS_TF | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM | (RFLAGS_IF if kind == INTERRUPT_GATE else 0))
    cpu.descriptors = idt._replace(cs=idt.cs._replace(selector=selector))
    if event.type == INTR_TYPE_NMI:
        cpu.blocking |= BLOCKING_NMI
    hw.emit(Vectored, cpu.id, event.vector, handler)


def _refuse_unmodelled(cpu: Cpu) -> None:
    if not long_mode(cpu) or not cpu.descriptors.cs.ar & AR_L:
        raise Unsupported("delivery through an IDT outside 64-bit mode is not modelled", "Set the IDTR base to 0: no IDT.")
    if access.cpl(cpu):
        raise Unsupported("delivery through an IDT from privilege level 3 is not modelled: there is no TSS with a stack",
                          "Set the IDTR base to 0: no IDT.")


def _push_frame(hw: Hardware, cpu: Cpu, event: Event, external: int) -> None:
    """SS, RSP, RFLAGS, CS, RIP and the error code, on the aligned stack of the interrupted program (SDM Vol. 3A 6.14.2).

    external: error code of a stack fault.  raises: GuestFault, VmExit.
    """
    resumes = RFLAGS_RF if event.type == INTR_TYPE_HARD_EXCEPTION and event.vector != DEBUG_EXCEPTION else 0
    frame = [cpu.descriptors.ss.selector, cpu.rsp, cpu.rflags | resumes, cpu.descriptors.cs.selector, cpu.rip + event.length]
    if event.error_code is not None:
        frame.append(event.error_code)
    rsp = cpu.rsp & ~0xF
    for value in frame:
        rsp = rsp - 8 & 0xFFFF_FFFF_FFFF_FFFF
        access.store(hw, cpu, segmentation.on_stack(cpu, rsp, external), value)
    cpu.rsp = rsp
