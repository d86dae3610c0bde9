"""The processor checks itself (architecture.md C.3 point 8): nothing survives an operation that must remove it, and
translations are created and used by the rules of A.2 and A.3.  A breach is a bug of the model, not of KVM.
"""

from __future__ import annotations

from kvmdbg.errors import ModelBug
from kvmdbg.machine.hw.events import Hit
from kvmdbg.machine.hw.paging_structure_caches import ept_start_of, start_of
from kvmdbg.machine.hw.tlb import EPT_SIZES
from kvmdbg.machine.hw.tlbkey import COMBINED, GLOBAL, GUEST_PHYSICAL, LINEAR, NONE, TlbEntry, TlbKey
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.oracle.contexts import Context
from kvmdbg.oracle.index import Index
from kvmdbg.oracle.invalidation import must_be_gone
from kvmdbg.oracle.operations import Done, operations
from kvmdbg.oracle.upper_levels import used_entry
from kvmdbg.oracle.verdict import describe
from kvmdbg.oracle.walks import Past
from kvmdbg.tape import ABSENT


def check(kvm: Kvm, index: Index, start: int = 0, stop: int | None = None) -> int:
    """Check what the processor did in `start <= position < stop` (the cursor); returns how many things were checked.

    raises: ModelBug with the position of the first breach.
    """
    end = kvm.tape.cursor if stop is None else stop
    checked = 0
    for done in operations(index, start, end):
        check_invalidation(index, done)
        checked += 1
    caches = {table: cpu for cpu, table in enumerate(kvm.hw.tlb)}
    for position in range(start, end):
        owner, key, args, new = kvm.tape.entries[position]
        if owner is Hit:
            check_use(index, position, Hit(*args))
            checked += 1
        elif key is not None and new is not ABSENT and owner in caches:
            check_creation(index, position, caches[owner], key, new)
            checked += 1
    return checked


def check_invalidation(index: Index, done: Done) -> None:
    """Nothing is cached after the operation that a `yes` row says must be gone."""
    for key in index.keys_at(done.cpu, done.position):
        entry = index.entry_at(done.cpu, key, done.position)
        row = must_be_gone(done.operation, key, entry) if entry is not None else None
        if row is not None:
            rule = f"{row.row_id}: {row.condition}; {row.source}"
            raise ModelBug(f"the {describe(key)} outlives {done.operation.name} ({rule})", done.position)


def check_use(index: Index, position: int, hit: Hit) -> None:
    """A.3: the translation is cached, and its tags are those of the guest that runs."""
    context = index.contexts.at(hit.cpu, position)
    if index.entry_at(hit.cpu, hit.key, position) is None:
        raise ModelBug(f"the {describe(hit.key)} was used, and is not cached", position)
    if context is not None and not tags_fit(hit.key, context):
        tags = f"vpid {context.vpid} pcid {context.pcid} ep4ta {context.ep4ta:#x}"
        raise ModelBug(f"the {describe(hit.key)} was used by {context.name}, whose tags are {tags} (SDM Vol. 3C 29.4.2)", position)


def tags_fit(key: TlbKey, context: Context) -> bool:
    """May a guest use a translation with such tags? With EPT in use no linear one, without it no other (A.3).

    A global one may be used whatever CR4.PGE is now; it is created with CR4.PGE = 1 only.
    """
    if key.kind == GUEST_PHYSICAL:
        return key.ep4ta == context.ep4ta and context.ep4ta != NONE
    kind = LINEAR if context.ep4ta == NONE else COMBINED
    return (key.kind == kind and key.vpid == context.vpid and key.ep4ta == context.ep4ta
            and key.pcid in (context.pcid, GLOBAL))


def check_creation(index: Index, position: int, cpu: int, key: TlbKey, entry: TlbEntry) -> None:
    """A.2: made by the guest that runs, for its own tags, from tables that say so."""
    context = index.contexts.at(cpu, position)
    if context is None:
        return
    if not tags_fit(key, context) or key.pcid == GLOBAL and not context.pge:
        raise ModelBug(f"{context.name} created the {describe(key)} with tags that are not its own (SDM Vol. 3C 29.4.2)", position)
    used, until = used_entry(index, cpu, key, position), key.table_level
    if key.kind == GUEST_PHYSICAL:
        start = None if used is None else ept_start_of(used)
        walk = Past(index, position).host_ept(key.ep4ta << 12, key.page, start=start, until=until)
        if not walk.mapped or walk.page != entry.frame or walk.rights != entry.ept:
            raise ModelBug(f"the {describe(key)} was created, and the EPT paging structures do not say so", position)
    elif key.kind == LINEAR:
        below = None if used is None else start_of(used)
        shadow = Past(index, position).shadow(context.shadow, key.page, start=below, until=until)
        if not shadow.mapped or shadow.page != entry.frame or shadow.user != entry.user or shadow.write < entry.write:
            raise ModelBug(f"the {describe(key)} was created, and the paging structures at CR3 do not say so", position)
    elif key.kind == COMBINED and not from_guest_physical(index, cpu, key, entry, position):
        raise ModelBug(f"the {describe(key)} was created from no guest-physical mapping that is cached", position)


def from_guest_physical(index: Index, cpu: int, key: TlbKey, entry: TlbEntry, position: int) -> bool:
    """A combined translation takes its frame and EPT rights from the guest-physical mapping of its page, which may be evicted."""
    sources = (index.entry_at(cpu, TlbKey(GUEST_PHYSICAL, NONE, NONE, key.ep4ta, entry.gpa & -size, size), position)
               for size in EPT_SIZES)
    for size, source in zip(EPT_SIZES, sources, strict=True):
        if source is not None:
            return source.frame + (entry.gpa & size - 1) == entry.frame and source.ept == entry.ept
    return index.kvm.hw.caps.tlb_capacity > 0
