"""Which operations of the invalidation table a stretch of tape contains, and where each is complete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kvmdbg.machine.hw.controls import EXIT_REASON_EPT_VIOLATION
from kvmdbg.machine.hw.events import Faulted, Invalidated, VmEntered, VmExited
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.tlbkey import NONE
from kvmdbg.oracle.contexts import Context
from kvmdbg.oracle.index import Index
from kvmdbg.oracle.invalidation import NOWHERE, Operation

LA_OF_TRANSLATION: Final = 1 << 7 | 1 << 8
INVVPID_CONDITIONS: Final = {"individual-address": "type 0", "single-context": "type 1", "all-context": "type 2",
                             "single-context-retaining-globals": "type 3"}
INVPCID_CONDITIONS: Final = {"individual-address": "type 0", "single-context": "type 1", "all-context-including-globals": "type 2",
                             "all-context": "type 3"}
INVEPT_CONDITIONS: Final = {"single-context": "type 1", "all-context": "type 2"}
NAMED_BY_INSTRUCTION: Final = ("invlpg", "invpcid", "mov cr0", "mov cr3", "mov cr4")


class Done(NamedTuple):
    """An operation, and the position from which on nothing may be cached that it must remove."""

    position: int
    cpu: int
    operation: Operation


def operations(index: Index, start: int, stop: int) -> Iterator[Done]:
    """Every operation that a guest or KVM completed in `start <= position < stop`."""
    for position, event in index.kvm.tape.events(start, stop):
        match event:
            case Invalidated():
                operation = by_invalidation(index, position, event)
                after = position + 1 + len(event.dropped)
            case Faulted(vector="#PF"):
                context = index.contexts.at(event.cpu, position)
                operation = context and about("PAGE_FAULT", ("#PF exception on LA;",), context)._replace(la=event.address)
                after = position
            case VmEntered(vpid=0) | VmExited():
                operation = transition(index, position, event)
                after = end_of_transition(index, position)
            case _:
                continue
        if operation and after <= stop:
            yield Done(after, event.cpu, operation)


def about(name: str, conditions: tuple[str, ...], context: Context) -> Operation:
    """An operation of the guest that runs."""
    return Operation(name, conditions, context.vpid, context.pcid, context.ep4ta)


def by_invalidation(index: Index, position: int, event: Invalidated) -> Operation | None:
    """What the processor announces as it executes it.  Faults, violations and transitions are taken from their own events."""
    if event.by == "invvpid":
        return Operation("INVVPID", (INVVPID_CONDITIONS[event.type],), named_vpid=event.vpid, la=event.address)
    if event.by == "invept":
        return Operation("INVEPT", (INVEPT_CONDITIONS[event.type],), named_ep4ta=event.ep4ta)
    if event.by == "vmfunc":
        return Operation("VMFUNC_EPTP_SWITCH", ("enable VPID=0",))
    context = index.contexts.at(event.cpu, position)
    if event.by not in NAMED_BY_INSTRUCTION or context is None:
        return None
    match event.by:
        case "invlpg":
            return about("INVLPG", ("operand canonical",), context)._replace(la=event.address)
        case "invpcid":
            return about("INVPCID", (INVPCID_CONDITIONS[event.type],), context)._replace(named_pcid=event.pcid, la=event.address)
        case "mov cr3":
            condition = "CR4.PCIDE=1; src[63]=0" if context.pcide else "CR4.PCIDE=0"
            return about("MOV_CR3", (condition,), context)._replace(named_pcid=event.pcid)
        case "mov cr4":
            return about("MOV_CR4", ("CR4.PGE toggled",) if event.pcid == NONE else ("CR4.SMEP 0->1",), context)
    return about("MOV_CR0", ("CR0.PG 1->0",), context)


def transition(index: Index, position: int, event: VmEntered | VmExited) -> Operation | None:
    """A VM entry or exit with "enable VPID" = 0, or the EPT violation that an exit reports."""
    if isinstance(event, VmEntered):
        return Operation("VM_ENTRY", ("enable VPID=0 in the VMCS being entered",))
    context = index.contexts.at(event.cpu, position)
    if context is None:
        return None
    if event.reason == EXIT_REASON_EPT_VIOLATION:
        return violation(index, position, event, context)
    return Operation("VM_EXIT", ("enable VPID=0 in the VMCS being exited",)) if context.vpid == 0 else None


def violation(index: Index, position: int, event: VmExited, context: Context) -> Operation:
    """The addresses stand in the VMCS a few entries after the event, where the exit is recorded."""
    after = end_of_transition(index, position)
    gpa, la = (int(index.value_at(index.kvm.hw.vmcs, (event.vmcs, field), after, 0))
               for field in (F.GUEST_PHYSICAL_ADDRESS, F.GUEST_LINEAR_ADDRESS))
    is_translation = event.qualification & LA_OF_TRANSLATION == LA_OF_TRANSLATION
    conditions = ("mapping that would translate", "faulting GPA was the translation")
    return about("EPT_VIOLATION", conditions, context)._replace(gpa=gpa, la=la if is_translation else NOWHERE)


def end_of_transition(index: Index, position: int) -> int:
    """The position behind the entries that a VM entry or exit makes: up to the next event that is not its invalidation."""
    entries = index.kvm.tape.entries
    at = position + 1
    while at < len(entries) and (entries[at][1] is not None or entries[at][0] is Invalidated):
        at += 1
    return at


