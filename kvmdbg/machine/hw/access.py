"""Memory accesses: TLB, page walks in one and two dimensions, rights, accessed and dirty flags, faults.

Theory of operation.  An access asks the TLB first.  A hit is used as it is: rights are checked at use (CPL, CR0.WP, SMEP
and SMAP as they are now) against the rights *as cached*, and when they do not suffice the fault is reported from the
cached rights.  The processor may do so; the fault then removes the entry (invalidate.page_fault, .ept_violation), so that
the retry walks again and a stale entry costs one spurious fault at most (SDM Vol. 3A 4.10.4.3, Vol. 3C 29.4.3.4).

On a miss, or for a write through an entry cached with D = 0, the processor walks.  With EPT each guest-physical address on
the way (each table entry, then the page) is translated through guest-physical mappings, which are filled as needed: 24
references for a cold walk of four levels.  The order is that of SDM Vol. 3C 29.3 (F.4): for each guest entry first the EPT
violation or misconfiguration of its address, then its own P and reserved bits; after the leaf the guest's rights; then A
and D are set in the guest's entries, all at once; then EPT translates the page; then the translation is cached.

With paging-structure caches a walk starts below the deepest entry that is cached of the upper levels, if there is any.

Every access is of the eight bytes around its address, aligned down: the model's memory has cells of 64 bits, and nothing
straddles a page.
"""

from __future__ import annotations

from typing import Final, NoReturn

from kvmdbg.errors import ModelBug
from kvmdbg.machine.hw import ept, invalidate, paging, tlb
from kvmdbg.machine.hw import paging_structure_caches as upper
from kvmdbg.machine.hw.apic_access import NO_PAGE, apic_access_page, exit_of
from kvmdbg.machine.hw.controls import (
    CR0_AM,
    CR0_PG,
    CR0_WP,
    CR4_PGE,
    CR4_SMAP,
    CR4_SMEP,
    EXIT_REASON_EPT_MISCONFIG,
    EXIT_REASON_EPT_VIOLATION,
)
from kvmdbg.machine.hw.events import Accessed, Hit, Referenced
from kvmdbg.machine.hw.faults import GuestFault, VmExit
from kvmdbg.machine.hw.memory import read64, write64
from kvmdbg.machine.hw.paging import EXECUTE, READ, WRITE, Paging, Walk, paging_mode
from kvmdbg.machine.hw.state import Cpu, Hardware, Pdptes
from kvmdbg.machine.hw.tlbkey import COMBINED, GLOBAL, GUEST_PHYSICAL, LINEAR, NONE, TlbEntry, TlbKey

RIGHT_OF: Final = {"read": READ, "write": WRITE, "fetch": EXECUTE}    # also bits 2:0 of an EPT violation's qualification
RFLAGS_AC: Final = 1 << 18

# exit qualification of an EPT violation (SDM Vol. 3C 27.2.1; E.4)
QUAL_RIGHTS_SHIFT: Final = 3              # bits 5:3: AND of the EPT entries' rights
QUAL_LA_VALID: Final = 1 << 7
QUAL_TRANSLATION: Final = 1 << 8          # the access was to the translation of the linear address, not to a table on the way
_FINAL: Final = QUAL_LA_VALID | QUAL_TRANSLATION


def cpl(cpu: Cpu) -> int:
    """Current privilege level, 0..3: the DPL of SS (SDM Vol. 3C 24.4.1)."""
    return cpu.descriptors.ss.ar >> 5 & 3


# -- accesses -----------------------------------------------------------------------------------------------------------

def load(hw: Hardware, cpu: Cpu, la: int) -> int:
    """Read the aligned 64 bits around linear address `la`.  raises: as translate."""
    return _data(hw, cpu, la, "read")


def fetch(hw: Hardware, cpu: Cpu, la: int) -> int:
    """Fetch instruction bytes: the aligned 64 bits around linear address `la`.  raises: as translate."""
    return _data(hw, cpu, la, "fetch")


def store(hw: Hardware, cpu: Cpu, la: int, value: int) -> None:
    """Write the low 64 bits of `value` at linear address `la`, aligned down to 8.  raises: as translate."""
    _check_alignment(cpu, la)
    pa = translate(hw, cpu, la, "write") & ~7
    write64(hw, pa, value)
    hw.emit(Accessed, cpu.id, "write", la, pa, value & 0xFFFF_FFFF_FFFF_FFFF)


def _check_alignment(cpu: Cpu, la: int) -> None:
    """#AC at privilege level 3 with CR0.AM and RFLAGS.AC, for an address that is no multiple of 8 (SDM Vol. 3A 6.15)."""
    if la & 7 and cpu.rflags & RFLAGS_AC and cpu.cr0 & CR0_AM and cpl(cpu) == 3:
        raise GuestFault("#AC")


def _data(hw: Hardware, cpu: Cpu, la: int, access: str) -> int:
    if access != "fetch":
        _check_alignment(cpu, la)
    pa = translate(hw, cpu, la, access) & ~7
    value = read64(hw, pa)
    hw.emit(Accessed, cpu.id, access, la, pa, value)
    return value


def physical_access(hw: Hardware, cpu: Cpu, gpa: int, access: str, value: int | None = None) -> int:
    """An access of the guest by guest-physical address, without a linear one: the value read or written (aligned down).

    Uses and fills guest-physical mappings; without EPT in use `gpa` is the physical address. No `Accessed` event: that
    has a linear address.
    value: what a "write" stores.    raises: VmExit, its qualification without bit 7.
    """
    pa = physical_address(hw, cpu, gpa, access)
    if access != "write":
        return read64(hw, pa & ~7)
    if value is None:
        raise ModelBug("a physical write without a value", hw.tape.cursor)
    write64(hw, pa & ~7, value)
    return value & 0xFFFF_FFFF_FFFF_FFFF


def physical_address(hw: Hardware, cpu: Cpu, gpa: int, access: str) -> int:
    """Host-physical address of a guest-physical one, for an access without a linear address.  raises: VmExit."""
    if not cpu.eptp:
        return gpa
    key, entry = _translate_gpa(hw, cpu, gpa, access, RIGHT_OF[access], 0, 0)
    return entry.frame + (gpa - key.page)


def load_pdptes(hw: Hardware, cpu: Cpu, cr3: int) -> Pdptes:
    """The PDPTEs in memory at CR3, as MOV to a control register loads them: reads by guest-physical address.

    raises: GuestFault #GP when one has a reserved bit set, VmExit.
    """
    def read(address: int) -> int:
        pa = physical_address(hw, cpu, address, "read")
        value = read64(hw, pa)
        hw.emit(Referenced, cpu.id, "guest", 3, pa, value)
        return value

    pdptes = paging.read_pdptes(read, cr3)
    if pdptes is None or paging.pdptes_problem(pdptes, hw.caps.maxphyaddr):
        raise GuestFault("#GP")
    return pdptes


def paging_of(hw: Hardware, cpu: Cpu) -> Paging:
    """The paging mode that the processor is in."""
    return paging_mode(cpu.cr0, cpu.cr4, cpu.efer, hw.caps)


def translate(hw: Hardware, cpu: Cpu, la: int, access: str) -> int:
    """Host-physical address for an access ("read", "write" or "fetch") at linear address `la`, at the current CPL.

    Outside IA-32e mode linear addresses have 32 bits, and higher ones of `la` are cut off.
    raises: GuestFault #GP (not canonical) or #PF, VmExit (EPT violation, EPT misconfiguration, APIC access).
    """
    paging_on = cpu.cr0 & CR0_PG
    mode = paging_of(hw, cpu)
    if mode.linear_bits == 32:
        la &= paging.MASK_32
    if not paging_on and not cpu.eptp:
        return la
    if not mode.canonical(la):
        raise GuestFault("#GP")
    hit = tlb.lookup_linear(hw, cpu, la)
    if hit is None:
        return _walk(hw, cpu, mode, la, access, None)
    key, entry = hit
    hw.emit(Hit, cpu.id, key, access, la)
    if paging_on:
        _check_guest_rights(hw, cpu, la, access, entry.user, entry.guest)
    right = RIGHT_OF[access]
    if not entry.ept & right:
        _ept_violation(hw, cpu, entry.gpa + (la - key.page), la, right | _FINAL, entry.ept)
    if right == WRITE and not entry.dirty:
        return _walk(hw, cpu, mode, la, access, key)
    if entry.apic and apic_access_page(hw, cpu) != NO_PAGE:
        raise exit_of(la, access)
    return entry.frame + (la - key.page)


# -- the walk -----------------------------------------------------------------------------------------------------------

def _walk(hw: Hardware, cpu: Cpu, mode: Paging, la: int, access: str, replaced: TlbKey | None) -> int:
    """Walk for `la`, cache the translation, and return the physical address.

    replaced: the entry that a write found with D = 0. It goes, even if the walk finds a page of another size.
    """
    walk = _walk_guest(hw, cpu, mode, la, access) if cpu.cr0 & CR0_PG else paging.identity(la)
    guest = READ | WRITE * walk.write | EXECUTE * walk.execute
    dirty = walk.dirty or access == "write"
    pcid = GLOBAL if walk.global_ and cpu.cr4 & CR4_PGE else tlb.current_pcid(cpu)
    if not cpu.eptp:
        size, apic = _apic_page(hw, cpu, walk.address, walk.size)
        key = TlbKey(LINEAR, cpu.vpid, pcid, NONE, la & -size, size)
        _drop_replaced(hw, cpu, replaced, key)
        tlb.insert(hw, cpu, key, frame=walk.address & -size, guest=guest, user=walk.user, dirty=dirty, span=walk.size, apic=apic)
        return _past_apic(walk.address, access, apic)
    nested, mapping = _translate_gpa(hw, cpu, walk.address, access, RIGHT_OF[access], _FINAL, la)
    pa = mapping.frame + (walk.address - nested.page)
    size, apic = min(walk.size, nested.size), mapping.apic and apic_access_page(hw, cpu) != NO_PAGE
    key = TlbKey(COMBINED, cpu.vpid, pcid, nested.ep4ta, la & -size, size)
    _drop_replaced(hw, cpu, replaced, key)
    span = walk.size if walk.steps else size
    tlb.insert(hw, cpu, key, frame=pa & -size, guest=guest, ept=mapping.ept, user=walk.user, dirty=dirty and mapping.dirty,
               gpa=walk.address & -size, span=span, apic=mapping.apic)
    return _past_apic(pa, access, apic)


def _apic_page(hw: Hardware, cpu: Cpu, pa: int, size: int) -> tuple[int, bool]:
    """(bytes of a page that is about to be cached, whether it is the APIC-access page): a larger page around that is fractured."""
    apic = apic_access_page(hw, cpu)
    if apic == NO_PAGE or apic & -size != pa & -size:
        return size, False
    return paging.PAGE_4K, apic & -paging.PAGE_4K == pa & -paging.PAGE_4K


def _past_apic(pa: int, access: str, apic: bool) -> int:
    """The address of an access that has been translated.  raises: VmExit for the APIC-access page."""
    if apic:
        raise exit_of(pa, access)
    return pa


def _drop_replaced(hw: Hardware, cpu: Cpu, replaced: TlbKey | None, key: TlbKey) -> None:
    """Remove the entry that a new one replaces under another key (it may be gone already: evicted in the walk)."""
    table = hw.tlb[cpu.id]
    if replaced is not None and replaced != key and replaced in table:
        del table[replaced]


def _walk_guest(hw: Hardware, cpu: Cpu, mode: Paging, la: int, access: str) -> Walk:
    """The paging structures at CR3 for `la`, from the lowest that is known of: mapped, permitted, and their A and D flags set."""
    caching = hw.caps.paging_structure_caches
    found = upper.lookup_linear(hw, cpu, mode, la) if caching else None
    start = None
    if found is not None:
        start = upper.start_of(found)
        hw.emit(Hit, cpu.id, found[0], access, la)
    levels = iter(mode.levels if start is None else range(start.level, 0, -1))
    passed: list[upper.Passed] = []

    def place(level: int, address: int, update: bool) -> int:
        if found is not None and level == found[0].table_level - 1:
            return found[1].frame + (address & upper.TABLE - 1)
        return _table_entry(hw, cpu, address, la, update)

    def read(address: int) -> int:
        level = next(levels)
        pa = _table_entry(hw, cpu, address, la, False) if found is None else place(level, address, False)
        cell = read64(hw, pa & ~7)
        entry = mode.entry(pa, cell)
        hw.emit(Referenced, cpu.id, "guest", level, pa, entry)
        if caching:
            passed.append(upper.Passed(level, address, pa, entry))
        return cell

    try:
        walk = paging.software_walk(read, mode, cpu.cr3, la, cpu.pdptes, start=start)
        _check_walk(hw, cpu, la, access, walk)
        for step in walk.steps:
            flags = paging.A | paging.D if step is walk.steps[-1] and access == "write" else paging.A
            if flags & ~step.value:
                pa = place(step.level, step.address, update=True)
                cell = read64(hw, pa & ~7)
                write64(hw, pa & ~7, mode.cell(pa, cell, mode.entry(pa, cell) | flags))
    except VmExit:
        upper.keep_linear(hw, cpu, mode, la, passed, found, accessed=False)
        raise
    if caching:
        upper.keep_linear(hw, cpu, mode, la, passed, found, accessed=True)
    return walk


def _check_walk(hw: Hardware, cpu: Cpu, la: int, access: str, walk: Walk) -> None:
    """#PF unless the page is mapped and the access permitted."""
    if not walk.mapped:
        _page_fault(hw, cpu, la, access, paging.PF_PRESENT | paging.PF_RESERVED if walk.reserved else 0)
    _check_guest_rights(hw, cpu, la, access, walk.user, READ | WRITE * walk.write | EXECUTE * walk.execute)


def _table_entry(hw: Hardware, cpu: Cpu, address: int, la: int, update: bool) -> int:
    """Physical address of the guest paging-structure entry at `address`; with EPT it is translated like any access.

    With EPT accessed and dirty flags enabled every such access counts as a write (A.4), and reports bits 0 and 1.
    update: the processor is about to set A or D, a read-modify-write: it reports bit 0 beside bit 1, as processors do.
    """
    if not cpu.eptp:
        return address
    rights = READ | WRITE if update or cpu.eptp & ept.EPTP_AD else READ
    key, entry = _translate_gpa(hw, cpu, address, "write" if rights & WRITE else "read", rights, QUAL_LA_VALID, la)
    return entry.frame + (address - key.page)


# -- guest rights -------------------------------------------------------------------------------------------------------

def _check_guest_rights(hw: Hardware, cpu: Cpu, la: int, access: str, user: bool, rights: int) -> None:
    """#PF unless the paging structures permit the access at the current CPL (SDM Vol. 3A 4.6).

    user, rights: of the page, cached or just walked.
    """
    if cpl(cpu) == 3:
        allowed = user and rights & RIGHT_OF[access]
    elif access == "fetch":
        allowed = rights & EXECUTE and not (user and cpu.cr4 & CR4_SMEP)
    elif user and cpu.cr4 & CR4_SMAP and not cpu.rflags & RFLAGS_AC:
        allowed = False
    else:
        allowed = access == "read" or rights & WRITE or not cpu.cr0 & CR0_WP
    if not allowed:
        _page_fault(hw, cpu, la, access, paging.PF_PRESENT)


def _page_fault(hw: Hardware, cpu: Cpu, la: int, access: str, code: int) -> NoReturn:
    """Forget the page and raise #PF.  code: the bits of the error code that the walk decides (P, RSVD)."""
    if access == "write":
        code |= paging.PF_WRITE
    elif access == "fetch" and (paging_of(hw, cpu).nxe or cpu.cr4 & CR4_SMEP):
        code |= paging.PF_FETCH
    if cpl(cpu) == 3:
        code |= paging.PF_USER
    invalidate.page_fault(hw, cpu, la)
    raise GuestFault("#PF", code, la)


# -- EPT ----------------------------------------------------------------------------------------------------------------

def _translate_gpa(hw: Hardware, cpu: Cpu, gpa: int, access: str, rights: int, context: int,
                   la: int) -> tuple[TlbKey, TlbEntry]:
    """The guest-physical mapping of `gpa`, from the TLB or from a walk, that grants `rights` (bits 2:0).

    context: bits 7 and 8 of the qualification if this fails; la: the linear address, where bit 7 is set.
    """
    hit = tlb.lookup_guest_physical(hw, cpu, gpa)
    if hit is not None:
        key, entry = hit
        hw.emit(Hit, cpu.id, key, access, gpa)
        if rights & ~entry.ept:
            _ept_violation(hw, cpu, gpa, la, rights | context, entry.ept)
        if entry.dirty or not rights & WRITE:
            return hit
        return _walk_ept(hw, cpu, gpa, access, rights, context, la, key)
    return _walk_ept(hw, cpu, gpa, access, rights, context, la, None)


def _walk_ept(hw: Hardware, cpu: Cpu, gpa: int, access: str, rights: int, context: int, la: int,
              replaced: TlbKey | None) -> tuple[TlbKey, TlbEntry]:
    """Walk the EPT paging structures, set their A and D flags if enabled, and cache the mapping."""
    caching = hw.caps.paging_structure_caches
    found = upper.lookup_guest_physical(hw, cpu, gpa) if caching else None
    if found is not None:
        hw.emit(Hit, cpu.id, found[0], access, gpa)
    walk = ept.software_walk(lambda pa: read64(hw, pa), cpu.eptp, gpa, hw.caps,
                             start=None if found is None else upper.ept_start_of(found))
    for level, pa, value in walk.steps:
        hw.emit(Referenced, cpu.id, "ept", level, pa, value)
    if walk.misconfigured:
        if caching:
            upper.keep_guest_physical(hw, cpu, gpa, walk.steps, found, accessed=not cpu.eptp & ept.EPTP_AD)
        raise VmExit(EXIT_REASON_EPT_MISCONFIG, 0, gpa)
    if not walk.present or rights & ~walk.rights:
        _ept_violation(hw, cpu, gpa, la, rights | context, walk.rights)
    dirty = True                          # with the flags off there is nothing to set, now or by a later write
    if cpu.eptp & ept.EPTP_AD:
        _set_ept_flags(hw, walk, bool(rights & WRITE))
        dirty = walk.dirty or bool(rights & WRITE)
    if caching:
        upper.keep_guest_physical(hw, cpu, gpa, walk.steps, found, accessed=True)
    pa = walk.page + (gpa & walk.size - 1)
    size, apic = _apic_page(hw, cpu, pa, walk.size)
    key = TlbKey(GUEST_PHYSICAL, NONE, NONE, tlb.current_ep4ta(cpu), gpa & -size, size)
    _drop_replaced(hw, cpu, replaced, key)
    return key, tlb.insert(hw, cpu, key, frame=pa & -size, ept=walk.rights, dirty=dirty, span=walk.size, apic=apic)


def _set_ept_flags(hw: Hardware, walk: ept.EptWalk, write: bool) -> None:
    for step in walk.steps:
        flags = ept.ACCESSED | ept.DIRTY if write and step is walk.steps[-1] else ept.ACCESSED
        if flags & ~step.value:
            write64(hw, step.address, step.value | flags)


def _ept_violation(hw: Hardware, cpu: Cpu, gpa: int, la: int, qualification: int, rights: int) -> NoReturn:
    """Forget what translated `gpa` (and `la`, if `gpa` is its translation), then VM exit 48.

    qualification: bits 2:0, 7 and 8.    rights: what the EPT entries used grant; 0 when one is not present.
    """
    invalidate.ept_violation(hw, cpu, gpa, la if qualification & QUAL_TRANSLATION else None)
    raise VmExit(EXIT_REASON_EPT_VIOLATION, qualification | rights << QUAL_RIGHTS_SHIFT, gpa,
                 la if qualification & QUAL_LA_VALID else 0)
