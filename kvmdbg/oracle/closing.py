"""One invalidation that a level completed, what it covers, and how a level knows a translation."""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.machine.hw import controls as c
from kvmdbg.machine.hw.tlb import ALL_GLOBALS, NO_GLOBALS, NONZERO_VPID, OWN_GLOBALS
from kvmdbg.machine.hw.tlbkey import GLOBAL, NONE
from kvmdbg.oracle.contexts import Context

ANY: Final = -1


class Closing(NamedTuple):
    """One completed invalidation, and what it covers; ANY where it covers every value of a tag."""

    position: int
    vcpu: int
    by: str                      # "invvpid", "invept", "invlpg", "invpcid", "mov cr0", "mov cr3", "mov cr4", "#pf",
                                 # "nested entry", "nested exit", "ept violation", "vm entry"
    what: str                    # in words
    executed: bool               # by the processor itself, in the guest
    kinds: tuple[str, ...]
    vpid: int = ANY              # or NONZERO_VPID
    pcid: int = ANY
    ep4ta: int = ANY
    address: int = ANY           # linear, guest-physical for guest-physical mappings
    globals_: str = ALL_GLOBALS


class Tags(NamedTuple):
    """A translation as its level knows it."""

    kind: str
    vcpu: int
    vpid: int                    # NONE for guest-physical
    pcid: int                    # GLOBAL for a global one
    own_pcid: int                # the PCID it was cached under
    ep4ta: int                   # NONE for linear
    page: int
    span: int                    # bytes of the page that the paging structures specify
    is_table: bool = False       # an entry of a paging-structure cache: what it covers is `page` and `span`


def covers(closing: Closing, tags: Tags) -> bool:
    """Does the operation invalidate such a translation?"""
    return (tags.vcpu == closing.vcpu and tags.kind in closing.kinds
            and (closing.vpid == ANY or tags.vpid == NONE or _vpid_fits(tags.vpid, closing.vpid))
            and (closing.ep4ta == ANY or tags.ep4ta in (NONE, closing.ep4ta))
            and (tags.pcid == NONE or _pcid_fits(closing, tags))
            and (closing.address == ANY or closing.address & -tags.span == tags.page & -tags.span or every_table(closing, tags)))


def every_table(closing: Closing, tags: Tags) -> bool:
    """INVLPG takes the paging-structure caches' entries wherever they lie (SDM Vol. 3A 4.10.4.1)."""
    return tags.is_table and closing.by == "invlpg"


def _vpid_fits(vpid: int, named: int) -> bool:
    return vpid != 0 if named == NONZERO_VPID else vpid == named


def _pcid_fits(closing: Closing, tags: Tags) -> bool:
    if tags.pcid == GLOBAL:
        if closing.globals_ == OWN_GLOBALS:
            return closing.pcid in (ANY, tags.own_pcid)
        return closing.globals_ == ALL_GLOBALS
    return closing.pcid in (ANY, tags.pcid)


class CrAccess(NamedTuple):
    """A MOV to a control register that KVM is emulating."""

    context: Context
    register: str
    value: int
    cr0: int                     # before it
    cr4: int


def cr_scope(access: CrAccess) -> tuple[int, str] | None:
    """(PCID, which global mappings) that a MOV to a control register invalidates; None: nothing (SDM Vol. 3A 4.10.4.1)."""
    pcide = access.cr4 & c.CR4_PCIDE
    if access.register == "cr3":
        if pcide and access.value >> 63:
            return None
        return access.value & 0xFFF if pcide else 0, NO_GLOBALS
    if access.register == "cr0":
        return (ANY, ALL_GLOBALS) if access.cr0 & ~access.value & c.CR0_PG else None
    changed = access.cr4 ^ access.value
    if changed & c.CR4_PGE or access.cr4 & changed & c.CR4_PCIDE:
        return ANY, ALL_GLOBALS
    if changed & c.CR4_PAE or access.value & changed & c.CR4_SMEP:
        return access.context.own_pcid, OWN_GLOBALS
    return None
