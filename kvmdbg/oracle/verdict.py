"""Fresh, stale or forbidden: the judgement of one cached translation at one position (architecture.md C.3).

fresh      every component equals the present walk of the tables that it comes from.
stale      a component differs, and nobody below the level that changed its tables has to have noticed yet: that level still
           owes the invalidation, or KVM is still on its way to the next VM entry with these tags.
forbidden  the level completed what the manual asks for, and the translation survived it; or KVM changed its own tables and
           entered the guest without the flush; or the tags were given to another guest context without one.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.tlbkey import COMBINED, GUEST_PHYSICAL, LINEAR, NONE, STRUCTURES, TlbKey
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.oracle.blame import flush_owner, transition_function, writer
from kvmdbg.oracle.closing import Closing
from kvmdbg.oracle.components import EPT12, GUEST, HOST, TAG, Cached, Component
from kvmdbg.oracle.contexts import Context
from kvmdbg.oracle.index import Cell, Index
from kvmdbg.oracle.upper_levels import parts
from kvmdbg.oracle.walks import Past
from kvmdbg.oracle.window import closed, window

FRESH: Final = "fresh"
STALE: Final = "stale"
FORBIDDEN: Final = "forbidden"
STATUSES: Final = (FRESH, STALE, FORBIDDEN)
TABLES: Final = {GUEST: "{owner}'s page tables", EPT12: "EPT12", HOST: "KVM's own tables"}


class Verdict(NamedTuple):
    """What the oracle says of a translation, and why."""

    status: str                                  # FRESH, STALE or FORBIDDEN
    component: str                               # "", GUEST, EPT12, HOST or TAG: the one that differs
    owner: str                                   # level that owns its tables: "L1", "L2", "ept12" (L1's), "L0" (KVM's)
    made_stale_by: tuple[int, str] | None        # (position, level) of the write since which it differs
    closed_by: tuple[int, str] | None            # (position, what) of the operation that ended its window
    filled_at: int                               # position; -1: before the tape began
    owed: str                                    # kernel function that owed the flush; "" unless the window is closed
    text: str


def judge(kvm: Kvm, index: Index, cpu: int, key: TlbKey, position: int) -> Verdict:
    """The verdict on the translation cached under `key` as of `position`.

    raises: UserError when nothing is cached under it there.
    """
    return judge_with_cells(index, look(index, cpu, key, position), position)[0]


def look(index: Index, cpu: int, key: TlbKey, position: int) -> Cached:
    """A cached translation with its contexts.  raises: as judge."""
    entry = index.entry_at(cpu, key, position)
    if entry is None:
        raise UserError(f"processor {cpu} has no {describe(key)} at #{position}", "`info tlb` lists what is cached.")
    filled_at = index.filled_at(cpu, key, position)
    filled_by = index.contexts.at(cpu, filled_at) if filled_at >= 0 else None
    user = index.contexts.last_user(cpu, key.vpid, key.pcid, key.ep4ta, position) or filled_by
    if user is None or key.kind == LINEAR and user.shadow == NONE:
        raise UserError(f"no guest has run with the tags of {describe(key)}", "The oracle judges what a guest could use.")
    filled = max(filled_at, 0)
    if key.table_level:
        names = None if key.kind == COMBINED else index.shadow_page_at(entry.frame, filled)
        return Cached(cpu, key, entry, filled_at, filled_by, user, NONE if names is None else names.gfn << 12, names=names)
    if key.kind != LINEAR:
        return Cached(cpu, key, entry, filled_at, filled_by, user)
    gfn = index.value_at(index.kvm.gfn_of, entry.frame & ~0xFFF, filled)
    walk = Past(index, filled).linear(filled_by or user, key.page)
    gpa = NONE if gfn is None else (gfn << 12) + (entry.frame & 0xFFF)
    return Cached(cpu, key, entry, filled_at, filled_by, user, gpa, walk.mapped and walk.global_ and (filled_by or user).pge)


def judge_with_cells(index: Index, cached: Cached, position: int) -> tuple[Verdict, tuple[Cell, ...]]:
    """The verdict, and the cells that a fresh one depends on."""
    reuse = tag_reuse(index, cached)
    if reuse is not None:
        return reuse, ()
    past = Past(index, position)
    wrong = [part for part in parts(index, cached) if not part.fresh(past)]
    if not wrong:
        return Verdict(FRESH, "", "", None, None, cached.filled_at, "", "equal to what the tables say now"), tuple(past.cells)
    verdicts = [differs(index, cached, part, position) for part in wrong]
    return next((verdict for verdict in verdicts if verdict.status == FORBIDDEN), verdicts[0]), ()


# -- tags given away -----------------------------------------------------------------------------------------------


def tag_reuse(index: Index, cached: Cached) -> Verdict | None:
    """FORBIDDEN when the tags belong to another guest context than the one that the translation was filled for."""
    old, new = cached.filled_by, cached.user
    if old is None:
        return None
    if cached.key.kind == GUEST_PHYSICAL:
        before, after = f"{old.root}", f"{new.root}"
    else:
        before, after = (guest_context(one, cached) for one in (old, new))
    if before == after:
        return None
    function = transition_function(index, new.since)
    text = f"filled for {before} of {old.name}, whose tags stand for {after} now; {function}() owed a flush when they changed hands"
    return Verdict(FORBIDDEN, TAG, "L0", (new.since, "L0"), (new.since, f"VM entry for {after}"), cached.filled_at, function, text)


def guest_context(context: Context, cached: Cached) -> str:
    """Whose translations a context uses, by the tags that its level has."""
    text = f"vcpu{context.vcpu} VPID {context.vpid12:#x}" + (f" EP4TA {context.ep4ta12:#x}" if context.ep4ta12 != NONE else "")
    if context.shadow == NONE:
        return text
    pcid = f" PCID {context.own_pcid:#x}" if context.own_pcid and not cached.is_global else ""
    return f"{text} L{context.level}{pcid}"


# -- a component that differs --------------------------------------------------------------------------------------


def differs(index: Index, cached: Cached, part: Component, position: int) -> Verdict:
    """STALE or FORBIDDEN, by the component's window."""
    gone = window(index, cached, part, position)
    made = (gone.changed_by, writer(index, cached.cpu, gone.changed_by)) if gone.changed_by >= 0 else None
    ended = closed(index, cached, part, gone, position)
    if ended is None and gone.refilled < 0 <= cached.filled_at and part.name != HOST:
        return never_right(index, cached, part, made)
    status = FORBIDDEN if ended is not None and due(index, cached, ended, position) else STALE
    owed = flush_owner(index, cached, ended, gone.changed_by) if ended is not None else ""
    by = (ended.position, ended.what) if ended is not None else None
    return Verdict(status, part.name, part.owner, made, by, cached.filled_at, owed, explain(part, made, ended, status, owed))


def due(index: Index, cached: Cached, ended: Closing, position: int) -> bool:
    """Has KVM had its chance? It works on the guest's behalf until the next VM entry with the tags of the translation."""
    if ended.executed or ended.by == "vm entry":
        return True
    key = cached.key
    return index.contexts.entered_since(cached.cpu, key.vpid, key.ep4ta, ended.position - 1, position) is not None


def never_right(index: Index, cached: Cached, part: Component, made: tuple[int, str] | None) -> Verdict:
    """No context that could use it ever had such tables while it ran."""
    function = transition_function(index, cached.user.since)
    text = f"{TABLES[part.name].format(owner=part.owner)} never said so while {cached.user.name} ran with these tags"
    return Verdict(FORBIDDEN, part.name, part.owner, made, None, cached.filled_at, function, text)


def explain(part: Component, made: tuple[int, str] | None, ended: Closing | None, status: str, owed: str) -> str:
    """One sentence: what changed, and who has or has not done what about it."""
    tables = TABLES[part.name].format(owner=part.owner)
    change = f"{tables} changed at #{made[0]} ({made[1]})" if made is not None else f"{tables} say otherwise"
    if ended is None:
        waits = "KVM has not entered the guest since" if part.name == HOST else "nobody has invalidated it since"
        return f"{change}; {waits}"
    if status == STALE:
        return (f"{change}; {ended.what} at #{ended.position} asks for it to go, and {owed}() has until the next VM entry "
                "with these tags")
    return f"{change}; {ended.what} at #{ended.position} ended its window, and {owed}() owed the flush"


def describe(key: TlbKey) -> str:
    """A translation in words, addresses in hexadecimal."""
    tags = "" if key.vpid == NONE else f" vpid {key.vpid}"
    ept = "" if key.ep4ta == NONE else f" ep4ta {key.ep4ta:#x}"
    what = f"{STRUCTURES[key.table_level]}-cache entry for" if key.table_level else "mapping of"
    return f"{key.kind} {what} {key.page:#x}{tags}{ept}"
