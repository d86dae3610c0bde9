"""The state as expressions see it: `vcpu0.requests`, `vmcs02.EPT_POINTER`, `tlb[vpid == 3]`, `root_mmu.root.hpa`.

Each view notes what it read in a `Reads`: that is how a watchpoint knows which entries of the tape can change its value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.fields import FIELDS, by_name
from kvmdbg.machine.hw.state import Insn
from kvmdbg.machine.hw.tlbkey import STRUCTURES, TlbEntry, TlbKey
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.state import INVALID_PAGE, Kvm, Vcpu
from kvmdbg.session.parse import did_you_mean
from kvmdbg.tape import Record

WHOLE: Final = object()          # "any key of this owner"


@dataclass(slots=True)
class Reads:
    """Which cells of the state an evaluation looked at."""

    cells: dict[Any, set[Any]] = field(default_factory=dict)      # owner (Record, Table or event class) -> keys, or WHOLE

    def note(self, owner: Any, key: Any = WHOLE) -> None:
        self.cells.setdefault(owner, set()).add(key)

    def touched_by(self, owner: Any, key: Any) -> bool:
        """Could the tape entry (owner, key, ...) have changed what was read?"""
        keys = self.cells.get(owner)
        return keys is not None and (key in keys or WHOLE in keys)


class Mask(int):
    """vcpu->requests: an int that prints as names of this kernel."""

    bits: dict[int, str]

    def __new__(cls, value: int, bits: dict[int, str]) -> Mask:
        made = super().__new__(cls, value)
        made.bits = bits
        return made

    def names(self) -> tuple[str, ...]:
        return tuple(self.bits.get(1 << bit, f"bit {bit}") for bit in range(self.bit_length()) if self >> bit & 1)

    def __str__(self) -> str:
        return " | ".join(self.names()) or "0"

    __repr__ = __str__


def request_names(kvm: Kvm) -> dict[int, str]:
    """Mask of one bit -> the request's name in this kernel."""
    return {1 << bit: name for name, bit in kvm.era.request_bits().items()}


class View:
    """Something with named parts."""

    what: str = ""

    def part(self, name: str) -> Any:
        """The part of that name.  raises: UserError with the closest name."""
        raise NotImplementedError

    def parts(self) -> tuple[str, ...]:
        raise NotImplementedError

    def unknown(self, name: str) -> UserError:
        return UserError(f"{self.what} has no {name!r}", did_you_mean(name, self.parts()))


class RecordView(View):
    """A Record: its fields.  It compares equal to its number (`vcpu == 1`)."""

    def __init__(self, record: Record, what: str, reads: Reads, number: int = -1,
                 more: dict[str, Callable[[], Any]] | None = None) -> None:
        self.record = record
        self.what = what
        self.reads = reads
        self.number = number
        self.more = more or {}

    def part(self, name: str) -> Any:
        if name in self.more:
            return self.more[name]()
        if name not in self.record.fields():
            raise self.unknown(name)
        self.reads.note(self.record, name)
        return getattr(self.record, name)

    def parts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.record.fields(), *self.more)))

    def __eq__(self, other: object) -> bool:
        return self.number == (other.number if isinstance(other, RecordView) else other)

    def __hash__(self) -> int:
        return hash(self.number)

    def __str__(self) -> str:
        return "{" + ", ".join(f"{name} = {show(self.part(name))}" for name in self.record.fields()) + "}"


class FieldsView(View):
    """A VMCS: its fields by Linux's name in any case, or by the manual's.  read: encoding -> value."""

    def __init__(self, what: str, read: Callable[[int], int], known: Callable[[], Iterator[int]]) -> None:
        self.what = what
        self.read = read
        self.known = known

    def part(self, name: str) -> Any:
        found = by_name(name)
        if found is None:
            raise self.unknown(name)
        return self.read(found.encoding)

    def parts(self) -> tuple[str, ...]:
        return tuple(one.name for one in FIELDS.values())

    def __str__(self) -> str:
        values = [(FIELDS[encoding].name, self.read(encoding)) for encoding in self.known() if encoding in FIELDS]
        return "{" + ", ".join(f"{name} = {show(value)}" for name, value in values if value) + "}"


@dataclass(slots=True, frozen=True)
class Cached:
    """One TLB entry with all its names."""

    cpu: int
    key: TlbKey
    entry: TlbEntry

    def names(self) -> dict[str, Any]:
        """What a filter may ask: the tags of the key, what the entry holds (`filled_pcid` is the PCID at the fill), `cpu`."""
        return (self.entry._asdict() | {"filled_pcid": self.entry.pcid} | self.key._asdict() | {"cpu": self.cpu})


@dataclass(slots=True, frozen=True)
class TlbRows(View):
    """Entries of the TLBs: `tlb`, or those that a filter chose."""

    rows: tuple[Cached, ...]

    def part(self, name: str) -> Any:
        if name == "count":
            return len(self.rows)
        raise UserError(f"a list of TLB entries has no {name!r}", "It has count; choose entries with tlb[vpid == 3].")

    def parts(self) -> tuple[str, ...]:
        return ("count",)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        return "\n".join([f"{len(self.rows)} entries" if len(self.rows) != 1 else "1 entry", *map(show_cached, self.rows)])


TLB_NAMES: Final = ("cpu", *TlbKey._fields, *(name for name in TlbEntry._fields if name != "pcid"), "filled_pcid")


def show_cached(row: Cached) -> str:
    """One entry as a line: tags, page, what it maps to, rights."""
    key, entry = row.key, row.entry
    rights = "".join(letter for letter, on in zip("rwxu", (entry.read, entry.write, entry.execute, entry.user), strict=True) if on)
    tags = [f"cpu{row.cpu}", key.kind]
    tags += [f"{name} {'global' if value == -2 else f'{value:x}' if name == 'ep4ta' else value}"
             for name, value in (("vpid", key.vpid), ("pcid", key.pcid), ("ep4ta", key.ep4ta)) if value != -1]
    tags += [STRUCTURES[key.table_level]] if key.table_level else []
    return f"  {' '.join(tags)}: {key.page:#x} ({key.size >> 10}K) -> {entry.frame:#x} {rights}"


def show(value: Any) -> str:
    """A value as `print` shows it without a format: numbers from 4096 on in hexadecimal."""
    if isinstance(value, (bool, Mask)) or value is None:
        return str(value)
    if isinstance(value, int):
        return str(value) if -0x1000 < value < 0x1000 else f"{value:#x}"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return "{" + ", ".join(f"{name} = {show(part)}" for name, part in zip(value._fields, value, strict=True)) + "}"
    if isinstance(value, tuple):
        return "{" + ", ".join(show(part) for part in value) + "}"
    return str(value)


# -- the views of one machine ---------------------------------------------------------------------------------------


EVENTS: Final = ("irr", "nmi_pending", "immediate_exit", "mtf_pending", "timer")      # of VcpuEvents: what waits for injection


def vcpu_view(kvm: Kvm, vcpu: Vcpu, reads: Reads) -> RecordView:
    """A vCPU; `requests` prints as names, `level` is 1 or 2; what waits for injection is among its parts."""

    def requests() -> Mask:
        reads.note(vcpu, "requests")
        return Mask(vcpu.requests, request_names(kvm))

    def program() -> tuple[Insn, ...]:
        reads.note(vcpu, "program")
        return tuple(vcpu.program)

    def level() -> int:
        reads.note(vcpu, "guest_mode")
        return 2 if vcpu.guest_mode else 1

    def event(name: str) -> Callable[[], Any]:
        def value() -> Any:
            reads.note(kvm.events(vcpu), name)
            return getattr(kvm.events(vcpu), name)
        return value

    events = {name: event(name) for name in EVENTS}
    return RecordView(vcpu, f"vcpu{vcpu.id}", reads, vcpu.id, {"requests": requests, "program": program, "level": level, **events})


def cpu_view(kvm: Kvm, number: int, reads: Reads) -> RecordView:
    return RecordView(kvm.hw.cpus[number], f"cpu{number}", reads, number)


def mmu_view(kvm: Kvm, vcpu: Vcpu, name: str, reads: Reads) -> RecordView:
    """root_mmu, guest_mmu, or the active one (`mmu`)."""
    if name == "mmu":
        reads.note(vcpu, "mmu")
        name = vcpu.mmu
    return RecordView(kvm.mmu_named(vcpu, name), name, reads)


def vmcs_view(kvm: Kvm, vcpu: Vcpu, name: str, reads: Reads) -> FieldsView:
    """vmcs01 or vmcs02 of a vCPU; a vmcs02 that is not allocated reads as 0."""
    region = kvm.vmcs01(vcpu) if name == "vmcs01" else vcpu.vmcs02
    if name == "vmcs02":
        reads.note(vcpu, "vmcs02")

    def read(encoding: int) -> int:
        reads.note(kvm.hw.vmcs, (region, encoding))
        return int(kvm.hw.vmcs.get((region, encoding), 0)) if region != INVALID_PAGE else 0

    def known() -> Iterator[int]:
        reads.note(kvm.hw.vmcs)
        return iter(sorted(encoding for (at, encoding), _ in kvm.hw.vmcs.unordered() if at == region))

    return FieldsView(name, read, known)


def vmcs12_view(kvm: Kvm, vcpu: Vcpu, reads: Reads) -> FieldsView:
    """The current vmcs12 as KVM reads it: its copy, or before v4.8 the page in L1's memory.  No current one reads as 0."""

    def read(encoding: int) -> int:
        reads.note(vcpu, "current_vmptr")
        if kvm.era.caches_vmcs12():
            reads.note(kvm.cached_vmcs12, (vcpu.id, encoding))
        else:
            reads.note(kvm.hw.memory)
            reads.note(kvm.pages)
        return 0 if vcpu.current_vmptr == INVALID_PAGE else vmcs12.get(kvm, vcpu, encoding)

    return FieldsView("vmcs12", read, lambda: (one.encoding for one in vmcs12.MEMBERS))


def tlb_rows(kvm: Kvm, reads: Reads) -> TlbRows:
    """Every entry of every processor's TLB, in order."""
    for table in kvm.hw.tlb:
        reads.note(table)
    return TlbRows(tuple(Cached(cpu, key, entry) for cpu, table in enumerate(kvm.hw.tlb) for key, entry in table.items()))


