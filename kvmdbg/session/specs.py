"""Event specs: `flush:single-context`, `req:TLB_FLUSH_CURRENT raised`, `vmexit:INVVPID`, `fill`, `drop:combined`.

A spec is a name and qualifiers behind colons (or blanks).  Each event has labels; a spec matches when the event's type
is one of the name's and all the qualifiers are among its labels.  `break`, `until`, `count()`, timeline marks,
completion and help all read this one table.  Two names, stale and forbidden, also ask the oracle (judged.py): their events
match only where it says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from kvmdbg.catalog import Catalog
from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.hw import events as hw
from kvmdbg.machine.hw.controls import EXIT_REASONS, INTR_TYPE_EXTERNAL, INTR_TYPE_NMI, exit_reason_name
from kvmdbg.machine.hw.instructions import INSTRUCTIONS
from kvmdbg.machine.hw.interrupts import NMI_VECTOR
from kvmdbg.machine.hw.tlbkey import KINDS, STRUCTURES, TlbEntry, TlbKey
from kvmdbg.machine.kvm import events as kvm_events
from kvmdbg.machine.kvm.state import GUEST_MMU, ROOT_MMU, Kvm
from kvmdbg.oracle.verdict import FORBIDDEN, STALE
from kvmdbg.session.functions import functions, spoken_names
from kvmdbg.session.parse import did_you_mean
from kvmdbg.tape import ABSENT, Entry

FILL: Final = "fill"
DROP: Final = "drop"
Labels = Callable[[Any], tuple[str, ...]]
Test = Callable[[Entry], bool]


def dashed(text: str) -> str:
    """A label as it is typed: lower case, blanks as `-`, no KVM_REQ_ in front."""
    return text.removeprefix("KVM_REQ_").lower().replace(" ", "-")


@dataclass(slots=True, frozen=True)
class Kind:
    """One name of the table.  labels: event type -> the words that qualifiers may be; offers: those for completion."""

    name: str
    meaning: str
    labels: dict[Any, Labels]
    offers: Callable[[Kvm], Iterable[str]]
    open: bool = False                 # any name of a model function is a qualifier too
    verdict: str = ""                  # only uses of a translation that the oracle judges so


@dataclass(slots=True, frozen=True)
class Spec:
    """A spec, compiled for one machine.  tests: owner of tape entries -> does an entry of that owner match?"""

    text: str
    kind: Kind
    tests: dict[Any, Test]


KINDS_OF_EVENTS: Final[Catalog[Kind]] = Catalog("event spec")
ALIASES: Final = {"invalidate": "flush", "vmexits": "vmexit", "request": "req", "vmfail": "vmx", "load-root": "root",
                  "exception": "inject", "miss": "walk"}
LATE: Final = {"excess": ("whether a flush was excess is known only at the VM entry after it, which may give the tags away",
                          "`info flushes` tells it then.")}


def _none(kvm: Kvm) -> Iterable[str]:
    return ()


def _fixed(*words: str) -> Callable[[Kvm], Iterable[str]]:
    return lambda kvm: words


def kind(name: str, meaning: str, labels: dict[Any, Labels], offers: Callable[[Kvm], Iterable[str]] = _none,
         open: bool = False, verdict: str = "") -> None:
    KINDS_OF_EVENTS.add(name, Kind(name, meaning, labels, offers, open, verdict))


def _reasons(kvm: Kvm) -> Iterable[str]:
    return EXIT_REASONS.values()


def _requests(kvm: Kvm) -> Iterable[str]:
    return (*kvm.era.request_bits(), "raised", "serviced", "cleared")


def _reason(event: Any) -> tuple[str, ...]:
    return exit_reason_name(event.reason), str(event.reason & 0xFFFF)


def _source(event: hw.Raised | hw.Taken) -> str:
    return "nmi" if event.type == INTR_TYPE_NMI else "external"


def _injected(event: kvm_events.EventInjected) -> tuple[str, ...]:
    kind = {INTR_TYPE_EXTERNAL: "external", INTR_TYPE_NMI: "nmi"}.get(event.type, "")
    return (kind, str(event.vector), "again" if event.again else "")


def _cached(key: TlbKey) -> tuple[str, ...]:
    """Labels of what is cached: its kind, and whether it is a translation or an upper level of which name."""
    return (key.kind, "table", STRUCTURES[key.table_level]) if key.table_level else (key.kind, "page")


_CACHED: Final = (*KINDS, "page", "table", *(name for level, name in STRUCTURES.items() if level > 1))
VECTORS: Final = ("#UD", "#GP", "#PF", "#DF", "#SS", "#NP", "#TS", "#DB", "#AC")
_BY: Final = ("invvpid", "invept", "invlpg", "mov cr3", "mov cr4", "mov cr0", "vm entry", "vm exit", "#pf", "ept violation")
_TYPES: Final = ("individual-address", "single-context", "all-context", "single-context-retaining-globals")
_HOOKS: Final = ("TLB_FLUSH", "TLB_FLUSH_CURRENT", "TLB_FLUSH_GUEST", "root load", "nested entry", "nested exit",
                 "INVVPID emulation", "vcpu reset", "PV flush")

kind("flush", "an operation removes cached translations (INVVPID, INVEPT, MOV CR3, VM entry, ...); qualify by who and by type",
     {hw.Invalidated: lambda e: (e.by, e.type)}, _fixed(*map(dashed, _BY), *_TYPES))
kind("hook", "KVM is about to flush; qualify by the kernel function or by the cause",
     {kvm_events.FlushAsked: lambda e: (e.hook, e.by)}, _fixed(*map(dashed, _HOOKS)), open=True)
kind("guest-flush", "an INVVPID or INVEPT of L1, emulated by KVM, or a PV flush is done; qualify by which and by type",
     {kvm_events.GuestInvalidated: lambda e: (e.by, e.type)}, _fixed("invvpid", "invept", "pv flush", *_TYPES))
kind("smm", "the guest enters or leaves system-management mode; qualify by which",
     {kvm_events.SmmChanged: lambda e: ("enter" if e.entering else "leave",)}, _fixed("enter", "leave"))
kind("reset", "a vCPU begins anew; qualify by INIT or user-space",
     {kvm_events.VcpuReset: lambda e: (e.by,)}, _fixed("INIT", "user space", "a new VM"))
kind("ioctl", "an ioctl of user space returns, or has read a dirty log",
     {kvm_events.Ioctl: lambda e: (), kvm_events.DirtyLogRead: lambda e: ()})
kind("pio", "user space has answered an access to an I/O port; qualify by in or out",
     {kvm_events.PortAccessed: lambda e: (e.direction,)}, _fixed("in", "out"))
kind("vmcs-cleared", "the processor that has a VMCS loaded gives it up for another one",
     {kvm_events.VmcsCleared: lambda e: (e.vmcs,)}, _fixed("vmcs01", "vmcs02"))
kind("sched", "the scheduler takes a vCPU's thread from its processor", {kvm_events.ScheduledOut: lambda e: ()})
kind("steal-time", "record_steal_time() looks for a flush that was left to the host; qualify by yes or no",
     {kvm_events.StealTimeRecorded: lambda e: ("yes" if e.need_flush else "no",)}, _fixed("yes", "no"))
kind("vmentry", "a VM entry completed", {hw.VmEntered: lambda e: ()})
kind("vmexit", "a VM exit; qualify by its reason", {hw.VmExited: _reason}, _reasons)
kind("entryfail", "a VM entry failed", {hw.VmEntryFailed: lambda e: ()})
kind("nested-entry", "L2 becomes the guest", {kvm_events.NestedEntered: lambda e: ()})
kind("nested-exit", "an exit is reflected to L1; qualify by its reason", {kvm_events.NestedExited: _reason}, _reasons)
kind("nested-entryfail", "an entry of L1 fails on L2's state, and L1 sees an exit; qualify by its reason",
     {kvm_events.NestedEntryFailed: _reason}, _reasons)
kind("nested-left", "L2 is left without an exit that L1 sees: for an SMI, or by user space", {kvm_events.NestedLeft: lambda e: ()})
kind("exit-handled", "KVM looks at an exit; qualify by its reason or by l1, l2",
     {kvm_events.ExitHandled: lambda e: (*_reason(e), f"l{e.level}")}, lambda kvm: (*EXIT_REASONS.values(), "l1", "l2"))
kind("req", "a request is raised, serviced or cleared; qualify by its name and by which",
     {kvm_events.RequestMade: lambda e: (e.name, "raised"), kvm_events.RequestServiced: lambda e: (e.name, "serviced"),
      kvm_events.RequestCleared: lambda e: (e.name, "cleared")}, _requests)
kind("kick", "an IPI makes a vCPU leave the guest, or a sleeping one is woken; qualify by the kernel function or by woken",
     {kvm_events.Kicked: lambda e: (e.by,), kvm_events.WokenUp: lambda e: ("woken",)},
     _fixed("kvm_make_all_cpus_request", "kvm_vcpu_kick", "woken"), open=True)
kind("decision", "KVM decides for or against something; qualify by the kernel function or by the answer",
     {kvm_events.Decided: lambda e: (e.function, e.answer)}, _fixed("yes", "no"), open=True)
kind("fill", "a translation is cached; qualify by its kind, or by page, or table for an entry of an upper level",
     {FILL: _cached}, _fixed(*_CACHED))
kind("drop", "a cached translation vanishes; qualify as fill", {DROP: _cached}, _fixed(*_CACHED))
kind("evict", "a translation makes room for another", {hw.Evicted: lambda e: (e.key.kind,)}, _fixed(*KINDS))
kind("hit", "a cached translation is used; qualify as fill, or by the access",
     {hw.Hit: lambda e: (*_cached(e.key), e.access)}, _fixed(*_CACHED, "read", "write", "fetch"))
for _verdict, _meaning in ((STALE, "a translation is used that its level still has to invalidate; qualify as hit"),
                           (FORBIDDEN, "a translation is used that had to be gone: somebody lost a flush; qualify as hit")):
    kind(_verdict, _meaning, {hw.Hit: lambda e: (*_cached(e.key), e.access)}, _fixed(*_CACHED, "read", "write", "fetch"),
         verdict=_verdict)
kind("access", "a load, store or fetch reaches memory; qualify by which", {hw.Accessed: lambda e: (e.access,)},
     _fixed("read", "write", "fetch"))
kind("walk", "a page walk reads an entry; qualify by guest or ept, or by level4 ... level1",
     {hw.Referenced: lambda e: (e.structure, f"level{e.level}")}, _fixed("guest", "ept", "level4", "level3", "level2", "level1"))
kind("fault", "a fault is delivered; qualify by its vector", {hw.Faulted: lambda e: (e.vector, e.vector[1:])}, _fixed(*VECTORS))
kind("inject", "KVM gives its guest an exception, or puts an event into the VM-entry fields; qualify by its vector or kind",
     {kvm_events.ExceptionInjected: lambda e: (e.vector, e.vector[1:]), kvm_events.EventInjected: _injected},
     _fixed(*VECTORS, "external", "nmi", "again"))
kind("irq", "an interrupt or NMI waits for the guest; qualify by nmi",
     {kvm_events.InterruptQueued: lambda e: ("nmi" if e.vector == NMI_VECTOR else "external",)}, _fixed("external", "nmi"))
kind("cancel", "an entry is cancelled right before the VM entry, or what it would have injected is taken back",
     {kvm_events.EntryCancelled: lambda e: ("entry",), kvm_events.InjectionTakenBack: lambda e: ("injection",)},
     _fixed("entry", "injection"))
kind("immediate-exit", "an entry is to exit at once; qualify by self-ipi or preemption-timer",
     {kvm_events.ImmediateExitRequested: lambda e: (e.by,)}, _fixed("self-IPI", "preemption timer"))
kind("deliver", "the processor delivers an event to its guest", {hw.Delivered: lambda e: ()})
kind("handler", "an event goes through the guest's IDT to its handler", {hw.Vectored: lambda e: ()})
kind("interrupt", "a processor is offered an interrupt or NMI, its host handles one, its guest gets posted ones; qualify by which",
     {hw.Raised: lambda e: ("raised", _source(e)), hw.Taken: lambda e: ("taken", _source(e)),
      hw.Posted: lambda e: ("posted",)}, _fixed("raised", "taken", "posted", "external", "nmi"))
kind("root", "an MMU gets a root (its page allocated, or found again), reuses or frees one; qualify by which or by the MMU",
     {kvm_events.RootAllocated: lambda e: ("allocated", "found" if e.found else "", e.mmu),
      kvm_events.RootReused: lambda e: ("reused", e.mmu),
      kvm_events.RootFreed: lambda e: ("freed", e.mmu)}, _fixed("allocated", "found", "reused", "freed", ROOT_MMU, GUEST_MMU))
kind("zap", "every page table of the VM is emptied", {kvm_events.PageTablesZapped: lambda e: ()})
kind("vpid", "a VPID is allocated or freed",
     {kvm_events.VpidAllocated: lambda e: ("allocated",), kvm_events.VpidFreed: lambda e: ("freed",)}, _fixed("allocated", "freed"))
kind("mode", "vcpu->mode changes; qualify by the new mode", {kvm_events.ModeChanged: lambda e: (e.mode,)},
     _fixed("OUTSIDE_GUEST_MODE", "IN_GUEST_MODE", "EXITING_GUEST_MODE"))
kind("insn", "an instruction of the guest completed; qualify by its name",
     {hw.Retired: lambda e: (e.text.partition(" ")[0],)}, lambda kvm: INSTRUCTIONS.names())
kind("stuck", "the guest makes no progress", {kvm_events.Stuck: lambda e: ()})
kind("vmx", "a VMX instruction ended; qualify by its name, or by VMsucceed, VMfailValid, VMfailInvalid",
     {hw.Completed: lambda e: (e.instruction, e.outcome),
      kvm_events.NestedSucceeded: lambda e: (e.instruction, "VMsucceed"),
      kvm_events.NestedFailed: lambda e: (e.instruction, "VMfailValid" if e.error else "VMfailInvalid")},
     lambda kvm: ("VMsucceed", "VMfailValid", "VMfailInvalid",
                  *(name for name in INSTRUCTIONS.names() if name.startswith(("vm", "inv")))))
kind("write", "software of a level changes memory by `map`, `pte` or `poke`; qualify by the level",
     {kvm_events.GuestWrote: lambda e: (e.level,)}, _fixed("L1", "L2", "ept12"))


# -- reading and compiling -----------------------------------------------------------------------------------------


def is_spec(text: str) -> bool:
    """Does `text` begin with the name of an event (rather than of a function)?"""
    name = re.split(r"[:\s]", text.strip(), maxsplit=1)[0].lower()
    return name in KINDS_OF_EVENTS or name in ALIASES or name in LATE


def compile_spec(kvm: Kvm, text: str) -> Spec:
    """A spec for this machine.  raises: UserError for an unknown name or qualifier, with the closest one."""
    name, *qualifiers = [word for word in re.split(r"[:\s]+", text.strip()) if word]
    lowered = name.lower()
    if lowered in LATE:
        raise Unsupported(*LATE[lowered])
    found = KINDS_OF_EVENTS.get(ALIASES.get(lowered, lowered))
    if found is None:
        raise UserError(f"there is no event {name!r}", did_you_mean(name, KINDS_OF_EVENTS.names()) or 'See "help events".')
    wanted = frozenset(_qualifier(kvm, found, word) for word in qualifiers)
    tests: dict[Any, Test] = {}
    for owner, labels in found.labels.items():
        if owner in (FILL, DROP):
            for table in kvm.hw.tlb:
                tests[table] = _table_test(owner, labels, wanted)
        else:
            tests[owner] = _event_test(owner, labels, wanted)
    return Spec(":".join((found.name, *qualifiers)), found, tests)


def _qualifier(kvm: Kvm, found: Kind, word: str) -> str:
    offers = {dashed(offer) for offer in found.offers(kvm)}
    lowered = dashed(word)
    if lowered in offers or lowered.isdigit() or f"#{lowered}" in offers \
            or (found.open and (word in functions() or word in spoken_names())):
        return lowered
    if not offers:
        raise UserError(f"{found.name} takes no qualifier: {word!r}")
    known = (*found.offers(kvm), *(functions() if found.open else ()))
    raise UserError(f"{found.name} has no qualifier {word!r}", did_you_mean(word, known) or f"One of: {', '.join(sorted(offers))}.")


def _event_test(event: Any, labels: Labels, wanted: frozenset[str]) -> Test:
    if not wanted:
        return lambda entry: True
    return lambda entry: wanted <= {dashed(label) for label in labels(event(*entry[2]))}


def _table_test(what: str, labels: Labels, wanted: frozenset[str]) -> Test:
    at = 2 if what == FILL else 3
    return lambda entry: entry[at] is ABSENT and wanted <= {dashed(label) for label in labels(entry[1])}


def entry_names(kvm: Kvm, entry: Entry) -> dict[str, Any]:
    """Names that a condition may use for the entry that it looks at: the event's fields, or a TLB entry's tags and contents."""
    owner, key, old, new = entry
    if key is None:
        names: dict[str, Any] = owner(*old)._asdict()
        return names | names["key"]._asdict() if isinstance(names.get("key"), TlbKey) else names
    if isinstance(key, TlbKey):
        cpu = next((number for number, table in enumerate(kvm.hw.tlb) if table is owner), -1)
        held: TlbEntry = new if old is ABSENT else old
        return held._asdict() | key._asdict() | {"cpu": cpu, "old": old, "new": new}
    return {"old": old, "new": new}


def condition_names(kvm: Kvm, tests: dict[Any, Test], entry: Entry) -> dict[str, Any]:
    """As entry_names, with None for what only other events of the same spec have: `req if by == ...` meets one without `by`."""
    return {name: None for name in fields_of(tests) if name not in ("vcpu", "cpu")} | entry_names(kvm, entry)


def fields_of(tests: dict[Any, Test]) -> tuple[str, ...]:
    """Every name that conditions on these entries may use besides the usual ones."""
    found: dict[str, None] = {}
    for owner in tests:
        if isinstance(owner, type):
            found |= dict.fromkeys(getattr(owner, "_fields", ()))
            found |= dict.fromkeys(TlbKey._fields if "key" in found else ())
        else:
            found |= dict.fromkeys((*TlbKey._fields, *TlbEntry._fields, "cpu", "old", "new"))
    return tuple(found)


def complete_spec(kvm: Kvm, text: str) -> list[tuple[str, str]]:
    """Specs that begin with `text`: `(text, meaning)`; qualifiers once there is a colon."""
    name, colon, _ = text.partition(":")
    found = KINDS_OF_EVENTS.get(ALIASES.get(name.lower(), name.lower()))
    if not colon or found is None:
        return [(one.name, one.meaning) for one in KINDS_OF_EVENTS if one.name.startswith(text.lower())]
    done, _, last = text.rpartition(":")
    taken = set(map(dashed, done.split(":")[1:]))
    offers = (offer.replace(" ", "-") for offer in found.offers(kvm))
    return [(f"{done}:{offer}", found.meaning) for offer in offers
            if offer.lower().startswith(last.lower()) and dashed(offer) not in taken]
