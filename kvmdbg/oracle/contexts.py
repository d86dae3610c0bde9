"""Whose translations a logical processor uses at each position: the tags of the processor and those of the level that runs.

A context begins at a VM entry, or with a change of CR0, CR3, CR4, IA32_EFER or the PDPTE registers while the guest runs.  It
lasts while KVM handles an exit, as the virtual processor that the guest sees has not stopped, and ends at the next nested
entry or exit, or when another one begins.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from heapq import merge
from typing import Any, Final, NamedTuple
from weakref import ref

from kvmdbg.errors import ModelBug
from kvmdbg.machine.hw.controls import CR0_WP, CR4_PCIDE, CR4_PGE
from kvmdbg.machine.hw.events import VmEntered, VmExited
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.paging import ADDRESS, Paging, paging_mode
from kvmdbg.machine.hw.state import NO_PDPTES, VMX_NON_ROOT, Pdptes
from kvmdbg.machine.hw.tlbkey import GLOBAL, NONE
from kvmdbg.machine.kvm.state import INVALID_PAGE, Kvm, ShadowKey
from kvmdbg.tape import ABSENT, Table

REGISTERS: Final = ("cr0", "cr3", "pdptes", "cr4", "efer")
GUEST_REGISTERS: Final = ("cr0", "cr3", "pdptrs", "cr4", "efer")     # of struct kvm_vcpu, in the same order
BEFORE: Final = -1               # position of what happened before the tape began
NOBODY: Final = 0                # level of a gap between two contexts


class Context(NamedTuple):
    """Who runs on a processor, and with which tags."""

    since: int                   # first position at which it is so
    cpu: int
    vcpu: int
    level: int                   # 1 or 2; NOBODY in a gap
    vpid: int                    # the processor's tags
    ep4ta: int
    pcid: int
    cr3: int                     # the level's own registers from here on: with shadow paging the processor has others
    pdptes: Pdptes               # registers: in PAE paging the walk starts there, whatever memory at CR3 has become
    paging: Paging
    pcide: bool                  # CR4.PCIDE
    pge: bool
    write_protect: bool          # CR0.WP
    own_pcid: int                # the level's PCID; the processor's is the same but on kernels that shadow without PCIDs
    vpid12: int                  # the level's own tags: 0 for L1, and for L2 when vmcs12 does not enable VPID
    ep4ta12: int                 # NONE when the level uses no EPT of L1's
    root: ShadowKey | None       # what the processor's EPT root shadows, or the root of shadow page tables
    shadow: int                  # shadow paging: host-physical address of the root of KVM's page tables; NONE with EPT

    def same(self, other: Context) -> bool:
        """Does nothing differ but the time?"""
        return self[1:] == other[1:]

    @property
    def name(self) -> str:
        return f"L{self.level}"


class Entry(NamedTuple):
    """A VM entry under way: guest state is being loaded."""

    position: int
    vmcs: int
    vpid: int
    eptp: int


class State(NamedTuple):
    """What the reader of the tape knows at one position; copied at each mark."""

    registers: dict[tuple[int, str], Any]             # (cpu, name) -> value
    entering: dict[int, Entry]                        # cpu -> its VM entry under way
    running: set[int]                                 # processors between VM entry and VM exit
    nested: dict[int, int]                            # vcpu -> vpid12 while L2 is its guest
    regions: dict[int, int]                           # vmcs02 region -> vcpu
    roots: dict[int, ShadowKey]                       # host frame -> the level-4 page that it is
    left_with: dict[int, tuple[int, int]]             # cpu -> the guest's CR0 and CR4 at its last VM exit
    guests: dict[tuple[int, str], Any]                # (vcpu, name) -> a control register as KVM keeps it for the running level

    def copy(self) -> State:
        return State(dict(self.registers), dict(self.entering), set(self.running), dict(self.nested), dict(self.regions),
                     dict(self.roots), dict(self.left_with), dict(self.guests))


class Contexts:
    """The contexts of all processors, in order."""

    def __init__(self, kvm: Kvm, initial: Callable[[Any, Any], Any]) -> None:
        self._kvm = ref(kvm)
        self.of_cpu: dict[int, list[Context]] = {cpu.id: [] for cpu in kvm.hw.cpus}
        self.by_tags: defaultdict[tuple[int, int, int], list[Context]] = defaultdict(list)     # (cpu, vpid, ep4ta)
        self.by_ept: defaultdict[tuple[int, int], list[Context]] = defaultdict(list)           # (cpu, ep4ta)
        self.entries: defaultdict[tuple[int, int], list[int]] = defaultdict(list)              # (cpu, ep4ta) -> VM entries
        self.tagged_entries: defaultdict[tuple[int, int, int], list[int]] = defaultdict(list)
        self.exits: defaultdict[int, list[int]] = defaultdict(list)                            # cpu -> VM exits
        registers = {(cpu.id, name): initial(cpu, name) for cpu in kvm.hw.cpus for name in REGISTERS}
        regions = {initial(vcpu, "vmcs02"): vcpu.id for vcpu in kvm.vcpus}
        regions.pop(INVALID_PAGE, None)
        guests = {(vcpu.id, name): initial(vcpu, name) for vcpu in kvm.vcpus for name in GUEST_REGISTERS}
        roots = {page.hpa: key for key, page in items_at_start(kvm.shadow_pages) if key.level == 4}
        self.state = State(registers, {}, set(), {}, regions, roots, {}, guests)
        self._run_already(kvm, initial)

    def _run_already(self, kvm: Kvm, initial: Callable[[Any, Any], Any]) -> None:
        """A machine may begin with its guest running, or with L2 as the guest: it was entered before #0."""
        fields = dict(items_at_start(kvm.hw.vmcs))
        for vcpu in kvm.vcpus:
            vpid02 = initial(vcpu, "vpid02")
            if initial(vcpu, "guest_mode"):
                tagged = vpid02 and fields.get((initial(vcpu, "vmcs02"), F.VIRTUAL_PROCESSOR_ID), 0) == vpid02
                self.state.nested[vcpu.id] = initial(vcpu, "last_vpid") if tagged else 0
        for cpu in kvm.hw.cpus:
            if initial(cpu, "vmx") == VMX_NON_ROOT:
                event = VmEntered(cpu.id, initial(cpu, "current_vmcs"), initial(cpu, "vpid"), initial(cpu, "eptp"))
                self._vm_entered(BEFORE, None, event, None)
                self._entered(cpu.id, self.state.entering.pop(cpu.id))

    @property
    def kvm(self) -> Kvm:
        return alive(self._kvm)

    def save(self) -> State:
        return self.state.copy()

    def restore(self, position: int, state: State) -> None:
        """Forget what began at `position` or later."""
        self.state = state.copy()
        for contexts in (*self.of_cpu.values(), *self.by_tags.values(), *self.by_ept.values()):
            del contexts[bisect_left(contexts, position, key=_since):]
        for positions in (*self.entries.values(), *self.tagged_entries.values(), *self.exits.values()):
            del positions[bisect_left(positions, position):]

    def handlers(self) -> dict[Any, Callable[[int, Any, Any, Any], None]]:
        """What reads an entry, by its owner."""
        registers = {cpu: self._register_of(cpu.id) for cpu in self.kvm.hw.cpus}
        return registers | {vcpu: self._vcpu_of(vcpu.id) for vcpu in self.kvm.vcpus} | {
            self.kvm.shadow_pages: self._shadow_page, VmEntered: self._vm_entered, VmExited: self._vm_exited}

    # -- reading ---------------------------------------------------------------------------------------------------

    def _register_of(self, cpu: int) -> Callable[[int, Any, Any, Any], None]:
        def wrote(position: int, field: Any, old: Any, new: Any) -> None:
            state = self.state
            if field in REGISTERS:
                state.registers[cpu, field] = new
                if cpu in state.running:
                    self._begin(cpu, position, self.of_cpu[cpu][-1])
            elif field == "eptp" and cpu in state.running:
                self._switched_eptp(cpu, position, new)
            elif field == "vmx" and new == VMX_NON_ROOT and cpu in state.entering:
                self._entered(cpu, state.entering.pop(cpu))
        return wrote

    def _vcpu_of(self, vcpu: int) -> Callable[[int, Any, Any, Any], None]:
        def wrote(position: int, field: Any, old: Any, new: Any) -> None:
            if field == "vmcs02":
                self.state.regions[new] = vcpu
            elif field in GUEST_REGISTERS:
                self.state.guests[vcpu, field] = new
        return wrote

    def _shadow_page(self, position: int, key: Any, old: Any, new: Any) -> None:
        if key.level == 4 and new is not ABSENT:        # a frame that was a root stays known as one until it is another's
            self.state.roots[new.hpa] = key

    def _vm_entered(self, position: int, key: Any, args: Any, new: Any) -> None:
        event = VmEntered(*args)
        self.state.entering[event.cpu] = Entry(position, event.vmcs, event.vpid, event.eptp)
        ep4ta = event.eptp >> 12 if event.eptp else NONE
        self.entries[event.cpu, ep4ta].append(position)
        self.tagged_entries[event.cpu, event.vpid, ep4ta].append(position)

    def _vm_exited(self, position: int, key: Any, args: Any, new: Any) -> None:
        cpu = args[0]
        self.exits[cpu].append(position)
        self.state.running.discard(cpu)
        registers = self.registers_of(cpu, self.of_cpu[cpu][-1]) if self.of_cpu[cpu] else None
        if registers is not None:
            self.state.left_with[cpu] = registers[0], registers[3]

    def _entered(self, cpu: int, entry: Entry) -> None:
        """Guest state is loaded and the guest runs: it has run since the event, as far as anybody can tell."""
        state = self.state
        vcpu = next((v.id for v in self.kvm.vcpus if self.kvm.vmcs01(v) == entry.vmcs), None)
        level = 1 if vcpu is not None else 2
        owner = state.regions.get(entry.vmcs, 0) if vcpu is None else vcpu
        root = state.roots.get((entry.eptp or state.registers[cpu, "cr3"]) & ADDRESS)
        shadows = level == 2 and root is not None and root.role.kind == "ept"
        state.running.add(cpu)
        self._gap(entry.position, owner, elsewhere_than=cpu)
        self._begin(cpu, entry.position, Context(
            0, cpu, owner, level, entry.vpid, entry.eptp >> 12 if entry.eptp else NONE, 0, 0, NO_PDPTES,
            paging_mode(0, 0, 0, self.kvm.hw.caps), False, True,
            True, 0, state.nested.get(owner, 0) if level == 2 else 0, root.gfn if shadows and root else NONE, root,
            NONE if entry.eptp else state.registers[cpu, "cr3"] & ADDRESS))

    def _switched_eptp(self, cpu: int, position: int, eptp: int) -> None:
        """The guest used VMFUNC."""
        root = self.state.roots.get(eptp & 0x000F_FFFF_FFFF_F000)
        self._begin(cpu, position, self.of_cpu[cpu][-1]._replace(ep4ta=eptp >> 12, root=root))

    def _begin(self, cpu: int, since: int, like: Context) -> None:
        """A context like another one, with the control registers of now; nothing when it goes on unchanged."""
        cr0, cr3, pdptes, cr4, efer = self.registers_of(cpu, like)
        pcid = cr3 & 0xFFF if cr4 & CR4_PCIDE else 0
        context = like._replace(since=since, pcid=pcid if like.shadow == NONE else self.pcid_of_processor(cpu), cr3=cr3,
                                pdptes=pdptes, paging=paging_mode(cr0, cr4, efer, self.kvm.hw.caps), pcide=bool(cr4 & CR4_PCIDE),
                                pge=bool(cr4 & CR4_PGE), write_protect=bool(cr0 & CR0_WP), own_pcid=pcid)
        before = self.of_cpu[cpu]
        if before and before[-1].same(context):
            return
        before.append(context)
        self.by_tags[cpu, context.vpid, context.ep4ta].append(context)
        self.by_ept[cpu, context.ep4ta].append(context)

    def registers_of(self, cpu: int, context: Context) -> tuple[int, int, Pdptes, int, int]:
        """CR0, CR3, the PDPTEs, CR4 and EFER of the level that runs: the processor's, with shadow paging KVM's copies."""
        state = self.state
        if context.shadow == NONE:
            cr0, cr3, pdptes, cr4, efer = (state.registers[cpu, name] for name in REGISTERS)
        else:
            cr0, cr3, pdptes, cr4, efer = (state.guests[context.vcpu, name] for name in GUEST_REGISTERS)
        return cr0, cr3, pdptes, cr4, efer

    def pcid_of_processor(self, cpu: int) -> int:
        """The PCID that tags what the processor caches now."""
        registers = self.state.registers
        return int(registers[cpu, "cr3"] & 0xFFF) if registers[cpu, "cr4"] & CR4_PCIDE else 0

    def nested_entered(self, position: int, vcpu: int, vpid12: int) -> None:
        """L2 is the guest from now on (called by closings.py, which looks at the same events)."""
        self.state.nested[vcpu] = vpid12
        self._gap(position, vcpu)

    def nested_left(self, position: int, vcpu: int) -> None:
        """L1 is the guest again."""
        self.state.nested.pop(vcpu, None)
        self._gap(position, vcpu)

    def _gap(self, position: int, vcpu: int, elsewhere_than: int = -1) -> None:
        """The vCPU runs nowhere until its next VM entry, or nowhere else than on the processor that it has just entered on."""
        for cpu, contexts in self.of_cpu.items():
            if cpu != elsewhere_than and contexts and contexts[-1].vcpu == vcpu and contexts[-1].level != NOBODY:
                contexts.append(contexts[-1]._replace(since=position, level=NOBODY))

    # -- questions -------------------------------------------------------------------------------------------------

    def current(self, cpu: int) -> Context | None:
        """The context at the end of what has been read."""
        contexts = self.of_cpu[cpu]
        return contexts[-1] if contexts and contexts[-1].level != NOBODY else None

    def at(self, cpu: int, position: int) -> Context | None:
        """The context of a processor as of `position`."""
        contexts = self.of_cpu[cpu]
        i = bisect_right(contexts, position, key=_since)
        return contexts[i - 1] if i and contexts[i - 1].level != NOBODY else None

    def anywhere(self, cpu: int, position: int) -> Context | None:
        """The context of a processor as of `position`, or of another one where that one runs nobody."""
        found = (self.at(one, position) for one in (cpu, *self.of_cpu))
        return next((context for context in found if context is not None), None)

    def last_user(self, cpu: int, vpid: int, pcid: int, ep4ta: int, position: int) -> Context | None:
        """The last context as of `position` that could use an entry with these tags; vpid NONE: guest-physical."""
        contexts = self.by_ept[cpu, ep4ta] if vpid == NONE else self.by_tags[cpu, vpid, ep4ta]
        for i in range(bisect_right(contexts, position, key=_since) - 1, -1, -1):
            if pcid in (NONE, GLOBAL) or contexts[i].pcid == pcid:
                return contexts[i]
        return None

    def next_entry(self, cpu: int, position: int) -> int | None:
        """Position of the first VM entry after `position`."""
        found = []
        for (owner, _), positions in self.entries.items():
            i = bisect_right(positions, position)
            if owner == cpu and i < len(positions):
                found.append(positions[i])
        return min(found, default=None)

    def in_guest(self, cpu: int, position: int) -> bool:
        """Does the processor run a guest as of `position`?"""
        context = self.at(cpu, position)
        if context is None:
            return False
        entries, exits = self.tagged_entries[cpu, context.vpid, context.ep4ta], self.exits[cpu]
        i, j = bisect_left(entries, position), bisect_left(exits, position)
        return bool(i) and (not j or exits[j - 1] < entries[i - 1])

    def intervals(self, fits: Callable[[Context], bool], position: int) -> Iterator[tuple[Context, int]]:
        """(context, its last position) of every context of any processor that fits and began by `position`, newest first.

        A virtual processor is one, whichever logical processors it has run on.
        """
        return merge(*(self._intervals_of(cpu, fits, position) for cpu in self.of_cpu), key=_newest)

    def _intervals_of(self, cpu: int, fits: Callable[[Context], bool], position: int) -> Iterator[tuple[Context, int]]:
        contexts = self.of_cpu[cpu]
        end = position
        for i in range(bisect_right(contexts, position, key=_since) - 1, -1, -1):
            context = contexts[i]
            if context.level != NOBODY and fits(context):
                yield context, end
            end = context.since - 1

    def entered_since(self, cpu: int, vpid: int, ep4ta: int, start: int, stop: int) -> int | None:
        """The first VM entry in `start < position < stop` with these tags; vpid NONE: with any VPID."""
        positions = self.entries[cpu, ep4ta] if vpid == NONE else self.tagged_entries[cpu, vpid, ep4ta]
        i = bisect_right(positions, start)
        return positions[i] if i < len(positions) and positions[i] < stop else None


def items_at_start(table: Table[Any, Any]) -> list[tuple[Any, Any]]:
    """What a table held at position #0."""
    items = dict(table.unordered())
    tape = table.tape
    for owner, key, old, _ in reversed(tape.entries[:tape.cursor]):
        if owner is table:
            items[key] = old
    return [(key, value) for key, value in items.items() if value is not ABSENT]


def alive(machine: ref[Kvm]) -> Kvm:
    """The machine of a weak reference.  raises: ModelBug when it is gone."""
    kvm = machine()
    if kvm is None:
        raise ModelBug("the machine that an index read is gone")
    return kvm


def _since(context: Context) -> int:
    return context.since


def _newest(found: tuple[Context, int]) -> int:
    return -found[0].since

