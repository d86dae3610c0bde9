"""Since when does a component differ, and when could the level's processor last have cached it? A search back over the tape."""

from __future__ import annotations

from typing import NamedTuple

from kvmdbg.machine.hw.tlbkey import GUEST_PHYSICAL, LINEAR, NONE
from kvmdbg.oracle.closing import Closing, covers
from kvmdbg.oracle.components import HOST, Cached, Component
from kvmdbg.oracle.index import Index
from kvmdbg.oracle.walks import Past


class Window(NamedTuple):
    """The time in which a stale value is to be expected."""

    changed_by: int              # position of the entry that made the component differ; -1: it never was right
    refilled: int                # last position at which the level's processor could have cached it; -1: none


def window(index: Index, cached: Cached, part: Component, position: int) -> Window:
    """The window of a component that is not fresh as of `position`.

    Each step goes back over one write that the walk depended on, so the walk is evaluated once for each value it ever had.
    """
    at, cause, changed_by = position, -1, -1
    while at >= 0:
        past = Past(index, at)
        if part.right(past):
            changed_by = past.unseen if past.unseen >= 0 else cause if changed_by < 0 else changed_by
            current = last_current(index, cached, part, past.before + 1, at)
            if current >= 0:
                return Window(changed_by, current)
        at, cause = past.before, past.cause
    return Window(changed_by, -1)


def last_current(index: Index, cached: Cached, part: Component, start: int, stop: int) -> int:
    """The last position in `start .. stop` at which a context ran that could cache the component; -1 when there was none."""
    for _, end in index.contexts.intervals(part.fits, stop):
        return end if end >= start else -1
    return -1


def closed(index: Index, cached: Cached, part: Component, gone: Window, position: int) -> Closing | None:
    """What ended the window before `position`; None while it is open."""
    if part.name == HOST:
        return reentered(index, cached, gone.changed_by, position)
    if part.owner != "ept12":
        tags = cached.tags()
        return index.closings.after(gone.refilled, position, lambda closing: covers(closing, tags))
    return closed_ept12(index, cached, gone, position)


def closed_ept12(index: Index, cached: Cached, gone: Window, position: int) -> Closing | None:
    """A guest-physical mapping may give its value to combined ones again: it has to go first, or at once with them."""
    source, tags = cached.guest_physical_tags(), cached.tags()
    first = index.closings.after(gone.refilled, position, lambda closing: covers(closing, source))
    if first is None or cached.key.kind == GUEST_PHYSICAL:
        return first
    return index.closings.after(first.position - 1, position, lambda closing: covers(closing, tags))


def reentered(index: Index, cached: Cached, changed_by: int, position: int) -> Closing | None:
    """KVM's own changes must be flushed before the guest is entered with the tags that they concern: EPT pointer, or VPID."""
    shadow = cached.key.kind == LINEAR
    entry = index.contexts.entered_since(cached.cpu, cached.key.vpid if shadow else NONE, cached.key.ep4ta, changed_by, position)
    if entry is None:
        return None
    what = "the VM entry with that VPID" if shadow else "the VM entry with that EPT pointer"
    return Closing(entry, cached.user.vcpu, "vm entry", what, False, ())
