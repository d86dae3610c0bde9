"""What an entry of the tape says, in one sentence: for stops, the log, the timeline and `diff`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from kvmdbg.machine.hw import events as hw
from kvmdbg.machine.hw.controls import EXIT_REASON_FAILED_VMENTRY, INTR_TYPE_NMI, exit_reason_name
from kvmdbg.machine.hw.fields import FIELDS
from kvmdbg.machine.hw.interrupts import NMI_VECTOR
from kvmdbg.machine.hw.state import Descriptors, Insn, Segment
from kvmdbg.machine.hw.tlbkey import STRUCTURES, TlbEntry, TlbKey
from kvmdbg.machine.kvm import events as kvm_events
from kvmdbg.machine.kvm.program import Program
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.session.views import Mask, request_names, show
from kvmdbg.tape import ABSENT, Entry, Record


class Saying(NamedTuple):
    """How a type of event is said."""

    say: Callable[[Any], str]
    brief: bool        # belongs to the brief narration: what a reader of the kernel's story wants to know
    mark: str          # one letter for timelines; "" = none


def _tags(event: hw.Invalidated | kvm_events.GuestInvalidated) -> str:
    named = [f"{name} {value:x}" if name == "ep4ta" else f"{name} {value:#x}" if name == "address" else f"{name} {value}"
             for name, value in (("vpid", event.vpid), ("pcid", event.pcid), ("ep4ta", event.ep4ta), ("address", event.address))
             if value != -1]
    return " ".join([event.by.upper() if event.by.startswith("inv") else event.by, event.type, *named]).replace("  ", " ")


def _who(vcpu: int) -> str:
    return f"vcpu{vcpu}" if vcpu >= 0 else "host"


def _plural(count: int, what: str) -> str:
    return f"{count} {what}" if count != 1 else f"1 {what}"


def _entries(count: int) -> str:
    return "nothing to drop" if not count else f"{_plural(count, 'entries' if count != 1 else 'entry')} about to go"


def key_text(key: TlbKey) -> str:
    """A TLB key in words: kind, tags, page; of a paging-structure cache its level and the first address that it is for."""
    tags = [f"{name} {'global' if value == -2 else f'{value:x}' if name == 'ep4ta' else value}"
            for name, value in (("vpid", key.vpid), ("pcid", key.pcid), ("ep4ta", key.ep4ta)) if value != -1]
    what = f"{STRUCTURES[key.table_level]} for" if key.table_level else "page"
    return f"{key.kind} {' '.join(tags)} {what} {key.page:#x}"


def _interrupt(event: hw.Raised | hw.Taken) -> str:
    return f"interrupt {event.vector:#x}" if event.type != INTR_TYPE_NMI else "an NMI"


def _vector(event: kvm_events.InterruptQueued | kvm_events.EventInjected | kvm_events.InjectionTakenBack) -> str:
    return "an NMI" if event.vector == NMI_VECTOR else f"vector {event.vector:#x}"


def reason_text(reason: int) -> str:
    """`EPT_VIOLATION`, or `INVALID_STATE (entry failed)` for a reason with bit 31."""
    name = exit_reason_name(reason)
    return f"{name} (entry failed)" if reason & EXIT_REASON_FAILED_VMENTRY else name


MOST_PARTS: Final = 4        # of a set of registers that are told one by one
SAYINGS: Final[dict[type, Saying]] = {
    hw.Referenced: Saying(lambda e: f"cpu{e.cpu} reads {e.structure} entry of level {e.level} at {e.pa:#x}: {e.value:#x}",
                          False, ""),
    hw.Hit: Saying(lambda e: f"cpu{e.cpu} {e.access} of {e.address:#x} hits {key_text(e.key)}", False, ""),
    hw.Accessed: Saying(lambda e: f"cpu{e.cpu} {e.access} of {e.la:#x} at {e.pa:#x}: {e.value:#x}", False, ""),
    hw.Invalidated: Saying(lambda e: f"cpu{e.cpu} {_tags(e)}: {_entries(len(e.dropped))}", True, "F"),
    hw.LeftOut: Saying(lambda e: f"cpu{e.cpu} {f'{e.by} {e.type}'.rstrip()} is left out", True, "!"),
    hw.Evicted: Saying(lambda e: f"cpu{e.cpu} is full and evicts {key_text(e.key)}", False, ""),
    hw.Faulted: Saying(lambda e: f"cpu{e.cpu} {e.vector} error code {e.error_code:#x}"
                       + (f" address {e.address:#x}" if e.vector == "#PF" else ""), True, "!"),
    hw.VmEntered: Saying(lambda e: f"cpu{e.cpu} VM entry with VMCS {e.vmcs:#x}: vpid {e.vpid} eptp {e.eptp:x}", True, "E"),
    hw.VmEntryFailed: Saying(lambda e: f"cpu{e.cpu} VM entry fails, {e.error & 0xFFFF}: {e.check}", True, "!"),
    hw.Vectored: Saying(lambda e: f"cpu{e.cpu} goes through the IDT: vector {e.vector}, handler at {e.handler:#x}", True, ""),
    hw.Delivered: Saying(lambda e: f"cpu{e.cpu} delivers vector {e.vector} type {e.type} to the guest", True, ""),
    hw.Raised: Saying(lambda e: f"cpu{e.cpu} is offered {_interrupt(e)}", True, "q"),
    hw.Taken: Saying(lambda e: f"cpu{e.cpu} {_interrupt(e)} is handled by the host", True, ""),
    hw.Posted: Saying(lambda e: f"cpu{e.cpu} takes posted interrupts for its guest: {', '.join(map(hex, e.vectors)) or 'none'}",
                      True, ""),
    hw.VmExited: Saying(lambda e: f"cpu{e.cpu} VM exit {reason_text(e.reason)} qualification {e.qualification:#x}", True, "X"),
    hw.Completed: Saying(lambda e: f"cpu{e.cpu} {e.instruction}: {e.outcome}" + (f" error {e.error}" if e.error else ""), True, ""),
    hw.Retired: Saying(lambda e: f"cpu{e.cpu} {e.text} done", True, ""),
    kvm_events.RequestMade: Saying(lambda e: f"vcpu{e.vcpu} KVM_REQ_{e.name} raised by {e.by}()", True, "R"),
    kvm_events.RequestLeftOut: Saying(lambda e: f"vcpu{e.vcpu} KVM_REQ_{e.name} of {e.by}() is left out", True, "!"),
    kvm_events.RequestServiced: Saying(lambda e: f"vcpu{e.vcpu} KVM_REQ_{e.name} serviced", True, "r"),
    kvm_events.RequestCleared: Saying(lambda e: f"vcpu{e.vcpu} KVM_REQ_{e.name} cleared unserved by {e.by}()", True, ""),
    kvm_events.Kicked: Saying(lambda e: f"vcpu{e.vcpu} is kicked: {e.by}() sends an IPI to cpu{e.cpu}"
                              + (" and waits" if e.waits else ""), True, "k"),
    kvm_events.WokenUp: Saying(lambda e: f"vcpu{e.vcpu} is woken up", True, ""),
    kvm_events.FlushAsked: Saying(lambda e: f"vcpu{e.vcpu} {e.by}: {e.hook}() is to flush {e.scope}", True, ""),
    kvm_events.Decided: Saying(lambda e: f"{_who(e.vcpu)} {e.function}: {e.question} {e.answer} ({e.values})", True, "?"),
    kvm_events.ModeChanged: Saying(lambda e: f"vcpu{e.vcpu} mode {e.mode}", False, ""),
    kvm_events.ExitHandled: Saying(lambda e: f"vcpu{e.vcpu} handles the exit {reason_text(e.reason)} of L{e.level}", True, ""),
    kvm_events.NestedEntered: Saying(lambda e: f"vcpu{e.vcpu} enters L2: VMCS {e.vmptr:#x} vpid12 {e.vpid12}", True, "N"),
    kvm_events.NestedEntryFailed: Saying(
        lambda e: f"vcpu{e.vcpu} does not enter L2, L1 sees {reason_text(e.reason)}", True, "n"),
    kvm_events.NestedExited: Saying(lambda e: f"vcpu{e.vcpu} leaves L2, L1 sees {reason_text(e.reason)}", True, "n"),
    kvm_events.NestedLeft: Saying(lambda e: f"vcpu{e.vcpu} leaves L2 without an exit that L1 could read", True, "n"),
    kvm_events.DirtyLogRead: Saying(lambda e: f"dirty log of the slot at gfn {e.slot:#x}: "
                                    f"{', '.join(f'{gfn:#x}' for gfn in e.gfns) or 'nothing'}", True, ""),
    kvm_events.VcpuReset: Saying(lambda e: f"vcpu{e.vcpu} is reset by {e.by}", True, ""),
    kvm_events.Ioctl: Saying(lambda e: f"vcpu{e.vcpu} {e.name} returns {e.result}", True, ""),
    kvm_events.SmmChanged: Saying(lambda e: f"vcpu{e.vcpu} {'enters' if e.entering else 'leaves'} SMM, L{e.level} "
                                  + ("is interrupted" if e.entering else "goes on"), True, "!"),
    kvm_events.NestedFailed: Saying(lambda e: f"vcpu{e.vcpu} {e.instruction} of L1 fails"
                                    + (f", error {e.error}" if e.error else " (VMfailInvalid)"), True, "!"),
    kvm_events.NestedSucceeded: Saying(lambda e: f"vcpu{e.vcpu} {e.instruction} of L1 succeeds", True, ""),
    kvm_events.GuestInvalidated: Saying(lambda e: f"vcpu{e.vcpu} {_tags(e)} of L{e.level} is done", True, "i"),
    kvm_events.ExceptionInjected: Saying(lambda e: f"vcpu{e.vcpu} gets {e.vector} error code {e.error_code:#x}", True, ""),
    kvm_events.InterruptQueued: Saying(lambda e: f"vcpu{e.vcpu} {_vector(e)} waits for the guest", True, "q"),
    kvm_events.EventInjected: Saying(lambda e: f"vcpu{e.vcpu} injects {_vector(e)} type {e.type}" + (" again" if e.again else ""),
                                     True, "j"),
    kvm_events.InjectionTakenBack: Saying(lambda e: f"vcpu{e.vcpu} takes {_vector(e)} type {e.type} back", True, ""),
    kvm_events.EntryCancelled: Saying(lambda e: f"vcpu{e.vcpu} cancels its entry"
                                      + (", which was to exit at once" if e.immediate_exit else ""), True, "C"),
    kvm_events.ImmediateExitRequested: Saying(lambda e: f"vcpu{e.vcpu} is to exit at once: {e.by}", True, "I"),
    kvm_events.RootAllocated: Saying(
        lambda e: f"vcpu{e.vcpu} {e.mmu} root {e.hpa:#x} {'found again' if e.found else 'allocated'} for {e.pgd:#x}", True, ""),
    kvm_events.RootReused: Saying(lambda e: f"vcpu{e.vcpu} {e.mmu} root {e.hpa:#x} reused for {e.pgd:#x}", True, ""),
    kvm_events.RootFreed: Saying(lambda e: f"vcpu{e.vcpu} {e.mmu} root {e.hpa:#x} of {e.pgd:#x} freed", True, ""),
    kvm_events.VmcsCleared: Saying(lambda e: f"vcpu{e.vcpu} {e.vmcs}: VMCLEAR on pcpu{e.cpu}", True, ""),
    kvm_events.PageTablesZapped: Saying(lambda e: f"the VM's page tables are zapped: {e.pages}", True, "z"),
    kvm_events.ScheduledOut: Saying(lambda e: f"vcpu{e.vcpu} is scheduled out of pcpu{e.cpu}", True, "s"),
    kvm_events.StealTimeRecorded: Saying(lambda e: f"vcpu{e.vcpu} steal time recorded, need_flush_tlb "
                                         + ("true" if e.need_flush else "false"), True, ""),
    kvm_events.VpidAllocated: Saying(lambda e: f"vcpu{e.vcpu} allocate_vpid() = {e.vpid}", True, ""),
    kvm_events.VpidFreed: Saying(lambda e: f"vcpu{e.vcpu} free_vpid({e.vpid})", True, ""),
    kvm_events.GuestWrote: Saying(lambda e: f"{e.level} writes {e.new:#x} at gpa {e.gpa:#x} (was {e.old:#x})", True, "p"),
    kvm_events.PortAccessed: Saying(
        lambda e: f"vcpu{e.vcpu} KVM_EXIT_IO: {e.direction} of port {e.port:#x}, {e.size} bytes, {e.value:#x}", True, ""),
    kvm_events.Stuck: Saying(lambda e: f"vcpu{e.vcpu} is stuck: {e.instruction} exits again and again with nothing changed",
                             True, "!"),
}


def entry_text(kvm: Kvm, entry: Entry) -> str:
    """One entry as a sentence: the event's, or `vcpu0.requests: 0 -> TLB_FLUSH`."""
    owner, key, old, new = entry
    if key is None:
        return event_text(owner(*old))
    if isinstance(old, Descriptors) and isinstance(new, Descriptors):
        return f"{cell_name(kvm, owner, key)}: {parts_text(old, new)}"
    return f"{cell_name(kvm, owner, key)}: {cell_value(kvm, owner, key, old)} -> {cell_value(kvm, owner, key, new)}"


def parts_text(old: Descriptors, new: Descriptors) -> str:
    """What differs between two sets of segment registers: `cs.selector 0x10 -> 0x8`; the rest counted behind the first few."""
    found = []
    for name in Descriptors._fields:
        before, after = getattr(old, name), getattr(new, name)
        if isinstance(before, Segment) and isinstance(after, Segment):
            found += [f"{name}.{part} {show(was)} -> {show(now)}"
                      for part, was, now in zip(Segment._fields, before, after, strict=True) if was != now]
        elif before != after:
            found.append(f"{name} {show(before)} -> {show(after)}")
    more = [f"{len(found) - MOST_PARTS} more"] if len(found) > MOST_PARTS else []
    return ", ".join([*found[:MOST_PARTS], *more])


def is_brief(entry: Entry) -> bool:
    """Does the entry belong to the brief narration?"""
    saying = SAYINGS.get(entry[0]) if entry[1] is None else None
    return saying is not None and saying.brief


def event_text(event: Any) -> str:
    """An event as a sentence; a type that nobody has found words for is spelt out."""
    saying = SAYINGS.get(type(event))
    return saying.say(event) if saying is not None else f"{type(event).__name__} {show(tuple(event))}"


def cell_name(kvm: Kvm, owner: Any, key: Any) -> str:
    """What a write changed: `vcpu0.requests`, `vmcs01(vcpu0).GUEST_CR3`, `tlb0 combined vpid 2 ...`, `memory 0x1000`."""
    if isinstance(owner, Record):
        return f"{owner.name}.{key}"
    if owner is kvm.hw.vmcs:
        region, encoding = key
        return f"{region_name(kvm, region)}.{FIELDS[encoding].name if encoding in FIELDS else f'{encoding:#x}'}"
    if owner is kvm.cached_vmcs12:
        vcpu, encoding = key
        return f"vmcs12 of vcpu{vcpu}.{FIELDS[encoding].name if encoding in FIELDS else f'header {encoding}'}"
    if isinstance(key, TlbKey):
        return f"{owner.name} {key_text(key)}"
    return f"{owner.name} {show(key)}"


def region_name(kvm: Kvm, region: int) -> str:
    """Whose VMCS a region is: `vmcs01 of vcpu0`, `vmcs02 of vcpu1`, or its address."""
    for vcpu in kvm.vcpus:
        if region in (kvm.vmcs01(vcpu), vcpu.vmcs02):
            return f"{'vmcs01' if region == kvm.vmcs01(vcpu) else 'vmcs02'} of vcpu{vcpu.id}"
    return f"vmcs {region:#x}"


def cell_value(kvm: Kvm, owner: Any, key: Any, value: Any) -> str:
    """A value of that cell in words."""
    if value is ABSENT:
        return "nothing"
    if isinstance(owner, Vcpu) and key == "requests":
        return str(Mask(value, request_names(kvm)))
    if isinstance(value, TlbEntry):
        return translation_text(value)
    if isinstance(value, Insn):
        return value.text or "nothing"
    if isinstance(owner, Vcpu) and key == "program":
        return program_text(value)
    return show(value)


def translation_text(entry: TlbEntry) -> str:
    """What a TLB entry maps to, in short: `-> 0x5000 rwx dirty`."""
    rights = "".join(letter for letter, on in zip("rwx", (entry.read, entry.write, entry.execute), strict=True) if on)
    return f"-> {entry.frame:#x} {rights}{' dirty' if entry.dirty else ''}"


def program_text(program: Program) -> str:
    """The instruction in front, and how many follow."""
    more = f" and {len(program) - 1} more" if len(program) > 1 else ""
    return f"{program[0].text}{more}" if program else "nothing"
