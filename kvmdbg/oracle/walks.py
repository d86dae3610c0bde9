"""Page walks over memory as it was at a position, and which cells they depended on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from kvmdbg.machine.hw import ept, paging
from kvmdbg.machine.hw.ept import EptWalk
from kvmdbg.machine.hw.paging import Walk
from kvmdbg.machine.hw.tlbkey import GUEST_PHYSICAL, NONE
from kvmdbg.machine.kvm.pae_root import is_pae_root
from kvmdbg.machine.kvm.state import ShadowKey, ShadowPage
from kvmdbg.oracle.closing import Tags, covers
from kvmdbg.oracle.contexts import Context
from kvmdbg.oracle.index import Cell, Index

PAGE: int = 0x1000
SHADOW_PAGING: Final = paging.Paging(paging.LEVELS_4, True, True, 52, True)      # KVM's own page tables, but for PAE roots

Read = Callable[[int], int | None]


class Past:
    """Memory as of one position.  It notes each cell that was read: `cells`, and when one of them last changed: `before`."""

    def __init__(self, index: Index, position: int) -> None:
        self.index = index
        self.position = position
        self.cells: list[Cell] = []
        self.before = -1             # the last position before `position` at which what was read may have been different
        self.cause = -1              # the entry that may have made the difference
        self.unseen = -1             # the write that was not seen, because a walk began below a cached entry of an upper level

    def note(self, position: int, cause: int | None = None) -> None:
        """What was read may have been different as of `position`; cause: the entry that changed it, default the one there."""
        if self.before < position < self.position:
            self.before = position
            self.cause = position if cause is None else cause

    def host(self, pa: int) -> int:
        """64 bits of host memory."""
        memory = self.index.kvm.hw.memory
        self.cells.append((memory, pa))
        self.note(self.index.last_write(memory, pa, self.position))
        return self.index.read_at(pa, self.position)

    def frame(self, gfn: int) -> int | None:
        """Host frame behind an L1 frame number; None where nothing has been touched yet."""
        pages = self.index.kvm.pages
        self.cells.append((pages, gfn))
        self.note(self.index.last_write(pages, gfn, self.position))
        frame: int | None = self.index.value_at(pages, gfn, self.position)
        return frame

    def shadow_page(self, key: ShadowKey) -> int | None:
        """Host frame of a shadow page of KVM's; None when there is none."""
        pages = self.index.kvm.shadow_pages
        self.cells.append((pages, key))
        self.note(self.index.last_write(pages, key, self.position))
        page: ShadowPage | None = self.index.value_at(pages, key, self.position)
        return None if page is None else page.hpa

    def l1(self, gpa: int) -> int | None:
        """64 bits of L1's memory; 0 in a page never touched, None outside it."""
        for slots, base in self.index.slots_that_change():
            self.cells.append((slots, base))
            self.note(self.index.last_write(slots, base, self.position))
        if not self.index.has_memory(gpa >> 12, self.position):
            return None
        frame = self.frame(gpa >> 12)
        return 0 if frame is None else self.host(frame + (gpa & 0xFF8))

    # -- walks -----------------------------------------------------------------------------------------------------

    # until: the last level to read, as of software_walk().    start: the table to begin in instead of the root.

    def host_ept(self, root: int, gpa: int, *, start: ept.Start | None = None, until: int = 0) -> EptWalk:
        """KVM's own EPT01 or EPT02 at a host frame."""
        return self._ept(self.host, root, gpa, start, until)

    def shadow(self, root: int, la: int, *, start: paging.Start | None = None, until: int = 0) -> Walk:
        """KVM's shadow page tables at a host frame."""
        self.index.walks += 1
        shape = SHADOW_PAGING._replace(maxphyaddr=self.index.kvm.hw.caps.maxphyaddr)
        if not is_pae_root(root):
            return paging.software_walk(self.host, shape, root, la, start=start, until=until)
        first, second, third, fourth = (self.host(root + 8 * i) for i in range(4))
        return paging.software_walk(self.host, shape._replace(mode=paging.PAE), root, la, (first, second, third, fourth),
                                    start=start, until=until)

    def ept12(self, ep4ta: int, gpa: int, *, until: int = 0) -> EptWalk:
        """L1's EPT12, by its EP4TA."""
        return self._ept(self.l1, ep4ta << 12, gpa, None, until)

    def _ept(self, read: Read, root: int, gpa: int, start: ept.Start | None, until: int) -> EptWalk:
        self.index.walks += 1
        return ept.software_walk(read, root, gpa, self.index.kvm.hw.caps, start=start, until=until)

    def linear(self, context: Context, la: int, *, until: int = 0) -> Walk:
        """A level's own tables; L2's tables lie where EPT12 says now."""
        return self._linear(self._tables_of(context), context, la, until)

    def _tables_of(self, context: Context) -> Read:
        """How to read a table of a level by its address there."""
        def through_ept12(address: int) -> int | None:
            walk = self.ept12(context.ep4ta12, address)
            return self.l1(walk.address) if walk.mapped else None

        return self.l1 if context.ep4ta12 == NONE else through_ept12

    def below(self, context: Context, la: int, start: paging.Start, frame: int, *, until: int = 0) -> Walk:
        """The same from a table on that is known to lie in a host frame: what a paging-structure cache leads to."""
        read = self._tables_of(context)
        first = start.table & -PAGE

        def at_first_there(address: int) -> int | None:
            return self.host(frame + (address & PAGE - 8)) if address & -PAGE == first else read(address)

        return self._linear(at_first_there, context, la, until, start)

    def _linear(self, read: Read, context: Context, la: int, until: int, start: paging.Start | None = None) -> Walk:
        self.index.walks += 1
        return paging.software_walk(read, context.paging, context.cr3, la, context.pdptes, start=start, until=until)

    def permitted(self, context: Context, la: int, *, until: int = 0) -> Iterator[Walk]:
        """Every walk that the level must expect: L2's tables may be where EPT12 said at any time since the last INVEPT."""
        if context.ep4ta12 == NONE or context.paging.mode == paging.NO_PAGING:
            yield self.linear(context, la, until=until)
            return
        pending: list[dict[int, int | None]] = [{}]
        while pending:
            chosen = pending.pop()

            def read(address: int, chosen: dict[int, int | None] = chosen) -> int | None:
                page = address & -PAGE
                if page not in chosen:
                    first, *others = self.l1_pages(context, page)
                    pending.extend({**chosen, page: other} for other in others)
                    chosen[page] = first
                target = chosen[page]
                return None if target is None else self.l1(target + (address & PAGE - 1))

            yield self._linear(read, context, la, until)

    def l1_pages(self, context: Context, page: int) -> list[int | None]:
        """L1 pages that a guest-physical mapping of an L2 page may still name, the present one first; None: not mapped."""
        index = self.index
        tags = Tags(GUEST_PHYSICAL, context.vcpu, NONE, NONE, NONE, context.ep4ta12, page, PAGE)
        killed = index.closings.before(self.position, lambda closing: covers(closing, tags))
        self.note(killed)
        found: list[int | None] = []
        past = Past(index, self.position)
        while True:
            walk = past.ept12(context.ep4ta12, page)
            target = walk.address if walk.mapped else None
            if target not in found and not (found and target is None):       # "not present" is never cached
                found.append(target)
            self.cells += past.cells
            self.note(past.before)
            if past.before <= killed:
                return found
            past = Past(index, past.before)
