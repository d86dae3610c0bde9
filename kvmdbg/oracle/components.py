"""What a cached translation is made of, by the level that owns the tables (architecture.md C.3, "Windows by component").

guest    the running level's own page tables: linear address -> guest-physical address    (L1, or L2)
ept12    L1's EPT for L2: L2 guest-physical address -> L1 guest-physical address          (L1)
host     KVM's EPT01 and EPT02 and the host pages: L1 guest-physical address -> frame     (KVM)

With shadow paging a linear mapping is made of the guest's tables and of the host: KVM's shadow of them is a cache like the
processor's own, and may lag behind the guest's tables as long as that one may.

A component is right at a position when its walk there gives what is cached.  Fewer rights in the cache than in the tables
are right too: they cost one spurious fault at most.  Accessed and dirty flags do not matter.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from kvmdbg.machine.hw import ept
from kvmdbg.machine.hw.paging import EXECUTE, PAGE_4K, READ, WRITE, Walk
from kvmdbg.machine.hw.tlbkey import COMBINED, GLOBAL, GUEST_PHYSICAL, LINEAR, NONE, TlbEntry, TlbKey
from kvmdbg.machine.kvm.state import ShadowKey
from kvmdbg.oracle.closing import Tags
from kvmdbg.oracle.contexts import Context
from kvmdbg.oracle.index import Index
from kvmdbg.oracle.walks import Past

GUEST: Final = "guest"
EPT12: Final = "ept12"
HOST: Final = "host"
TAG: Final = "tag"                # not a component: the tags belong to another guest context now


class Cached(NamedTuple):
    """A translation with everything that judging it takes."""

    cpu: int
    key: TlbKey
    entry: TlbEntry
    filled_at: int               # -1: before the tape began
    filled_by: Context | None
    user: Context                # the context that uses it, or could use it last

    gpa_of_linear: int = NONE    # shadow paging: the guest-physical page that the frame was when it was cached
    is_global: bool = False      # shadow paging: the guest's tables said "global" then, of which the processor knows nothing
    names: ShadowKey | None = None      # entry of a paging-structure cache made of KVM's shadow pages: which one it named then

    @property
    def gpa(self) -> int:
        """The guest-physical page, in the address space of the level that runs."""
        if self.key.kind == LINEAR:
            return self.gpa_of_linear
        return self.key.page if self.key.kind == GUEST_PHYSICAL else self.entry.gpa

    @property
    def size(self) -> int:
        """Bytes of what the frame is: of the page, or of the table that a combined entry of a paging-structure cache names."""
        return PAGE_4K if self.key.table_level and self.key.kind == COMBINED else self.key.size

    @property
    def shadows_ept12(self) -> bool:
        return self.user.root is not None and self.user.root.role.kind == "ept"

    @property
    def ep4ta12(self) -> int:
        return self.user.root.gfn if self.shadows_ept12 and self.user.root is not None else NONE

    def tags(self) -> Tags:
        """As its level knows it."""
        key, user = self.key, self.user
        kind = GUEST_PHYSICAL if key.kind == GUEST_PHYSICAL else COMBINED if self.shadows_ept12 else LINEAR
        vpid = NONE if kind == GUEST_PHYSICAL else user.vpid12
        pcid, own = key.pcid, self.entry.pcid
        if key.kind == LINEAR:
            own = self.own_pcid
            pcid = GLOBAL if self.is_global else own
        return Tags(kind, user.vcpu, vpid, pcid, own, self.ep4ta12, key.page, max(self.entry.span, key.size), bool(key.table_level))

    @property
    def own_pcid(self) -> int:
        """Shadow paging: the PCID that its level had when it was cached."""
        return (self.filled_by or self.user).own_pcid

    def guest_physical_tags(self) -> Tags:
        """The guest-physical mapping that its EPT component could be filled from again."""
        return Tags(GUEST_PHYSICAL, self.user.vcpu, NONE, NONE, NONE, self.ep4ta12, self.gpa, self.size)


class Component(Protocol):
    """One part of a translation."""

    name: str
    owner: str                   # "L1", "L2", "ept12" or "L0"

    def fresh(self, past: Past) -> bool:
        """Do the tables as of a position give what is cached?"""

    def right(self, past: Past) -> bool:
        """As `fresh`, or could the level's processor have cached it at that position?"""

    def fits(self, context: Context) -> bool:
        """Could it be cached in this context?"""


def components(index: Index, cached: Cached) -> tuple[Component, ...]:
    """The parts of a cached translation, the running level's own first."""
    guest = () if cached.key.kind == GUEST_PHYSICAL else (GuestTables(index, cached),)
    middle = (Ept12(index, cached),) if cached.shadows_ept12 else ()
    host = ShadowTables(index, cached) if cached.key.kind == LINEAR else HostTables(index, cached)
    return (*guest, *middle, host)


class GuestTables:
    """The page tables of the level that runs."""

    name = GUEST

    def __init__(self, index: Index, cached: Cached) -> None:
        self.index = index
        self.cached = cached
        self.owner = cached.user.name

    def fits(self, context: Context) -> bool:
        user, pcid = self.cached.user, self.cached.key.pcid
        if self.cached.key.kind == LINEAR:
            return ((context.vcpu, context.level, context.vpid12) == (user.vcpu, user.level, user.vpid12)
                    and (self.cached.is_global or context.own_pcid == self.cached.own_pcid))
        return ((context.vcpu, context.level, context.vpid12, context.ep4ta12) == (user.vcpu, user.level, user.vpid12, user.ep4ta12)
                and (pcid == GLOBAL or context.pcid == pcid))

    def _context(self, past: Past) -> Context:
        """Whose control registers count: the last that ran with these tags as of the position."""
        found = next((context for context, _ in self.index.contexts.intervals(self.fits, past.position)), None)
        if found is None:
            return self.cached.user
        past.note(found.since - 1, found.since)
        return found

    def fresh(self, past: Past) -> bool:
        key, user = self.cached.key, self.cached.user
        return self._gives(past.linear(user, key.page, until=key.table_level), user)

    def right(self, past: Past) -> bool:
        key, context = self.cached.key, self._context(past)
        return any(self._gives(walk, context) for walk in past.permitted(context, key.page, until=key.table_level))

    def _gives(self, walk: Walk, context: Context) -> bool:
        key, entry = self.cached.key, self.cached.entry
        if not walk.mapped or walk.size < key.size or walk.address != self.cached.gpa:
            return False
        rights = READ | WRITE * walk.write | EXECUTE * walk.execute
        if key.kind == LINEAR and not context.write_protect and not entry.user:
            rights |= WRITE              # CR0.WP = 0: KVM made the page writable for the guest's kernel alone
        is_global = walk.global_ and context.pge
        return not entry.guest & ~rights and walk.user >= entry.user and is_global >= (key.pcid == GLOBAL)


class Ept12:
    """L1's EPT for L2.  EPT02, which follows it, may lag behind as far as a processor's caches may."""

    name = EPT12
    owner = "ept12"

    def __init__(self, index: Index, cached: Cached) -> None:
        self.cached = cached
        filled = cached.filled_at if cached.filled_at >= 0 else 0
        gfn = index.value_at(index.kvm.gfn_of, cached.entry.frame & ~0xFFF, filled)
        self.target = NONE if gfn is None else (gfn << 12) + (cached.entry.frame & 0xFFF)       # L1 guest-physical page

    def fits(self, context: Context) -> bool:
        return (context.vcpu, context.ep4ta12) == (self.cached.user.vcpu, self.cached.ep4ta12)

    def fresh(self, past: Past) -> bool:
        walk = past.ept12(self.cached.ep4ta12, self.cached.gpa)
        return (walk.mapped and walk.size >= self.cached.size and walk.address == self.target
                and not self.cached.entry.ept & ~walk.rights)

    right = fresh


class HostTables:
    """KVM's own tables: EPT01 as it is; of EPT02 what is not L1's: the host page, and write protection that KVM put there."""

    name = HOST
    owner = "L0"

    def __init__(self, index: Index, cached: Cached) -> None:
        self.index = index
        self.cached = cached
        self.gfn = None if not cached.shadows_ept12 else index.value_at(
            index.kvm.gfn_of, cached.entry.frame & ~0xFFF, max(cached.filled_at, 0))

    def fits(self, context: Context) -> bool:
        return True

    def fresh(self, past: Past) -> bool:
        entry = self.cached.entry
        walk = past.host_ept(self.cached.key.ep4ta << 12, self.cached.gpa)
        if not self.cached.shadows_ept12:
            found = walk.mapped and walk.address == entry.frame and walk.size >= self.cached.size
            return found and not entry.ept & ~walk.rights
        if self.gfn is None or past.frame(self.gfn) != entry.frame & ~0xFFF:
            return False
        return not entry.ept & WRITE or not self._protected(past, walk)

    right = fresh

    def _protected(self, past: Past, walk: ept.EptWalk) -> bool:
        """Has KVM taken the right to write from a page that L1 lets L2 write to?

        With accessed and dirty flags in EPT12, KVM also withholds it until D is set there: that is L1's affair.
        """
        if not walk.mapped or walk.address != self.cached.entry.frame or walk.write:
            return False
        theirs = past.ept12(self.cached.ep4ta12, self.cached.gpa)
        root = self.cached.user.root
        counts_dirty = root is not None and not root.role.ad_disabled
        return theirs.mapped and theirs.write and (theirs.dirty or not counts_dirty)


class ShadowTables:
    """Of KVM's shadow page tables what is not the guest's: the host page, and write protection that KVM put there."""

    name = HOST
    owner = "L0"

    def __init__(self, index: Index, cached: Cached) -> None:
        self.index = index
        self.cached = cached

    def fits(self, context: Context) -> bool:
        return True

    def fresh(self, past: Past) -> bool:
        cached = self.cached
        if cached.gpa == NONE or past.frame(cached.gpa >> 12) != cached.entry.frame & ~0xFFF:
            return False
        return not cached.entry.write or not self._protected(past)

    right = fresh

    def _protected(self, past: Past) -> bool:
        """Has KVM taken the right to write, from a page that the guest lets itself write to? Until D is set KVM withholds it."""
        walk = past.shadow(self.cached.user.shadow, self.cached.key.page)
        if not walk.mapped or walk.address != self.cached.entry.frame or walk.write:
            return False
        theirs = past.linear(self.cached.user, self.cached.key.page)
        return theirs.mapped and theirs.write and theirs.dirty and theirs.address == self.cached.gpa
