"""Page tables of every level, edited and walked for the debugger's words `map`, `pte`, `poke` and `walk`.

Levels: "L1" (L1's page tables), "L2" (L2's page tables, in L2's guest-physical memory) and "ept12" (L1's EPT for L2).
An edit is made at once, as the level's software would leave it.  What KVM does when such a write hits a table that it
shadows is done (shadow entries dropped, last-level tables unsync); the exit with which it would trap it is left out.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.errors import UserError
from kvmdbg.machine.hw import ept, paging, vmcs
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.guest_state import PDPTES
from kvmdbg.machine.hw.paging import Paging, paging_mode
from kvmdbg.machine.hw.state import NO_PDPTES, Pdptes
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.events import GuestWrote
from kvmdbg.machine.kvm.guest_memory import gfn_to_pfn, kvm_read_guest, kvm_write_guest
from kvmdbg.machine.kvm.guest_paging import guest_paging
from kvmdbg.machine.kvm.nested_ept import walk_ept12
from kvmdbg.machine.kvm.nested_vmcs02 import nested_vmx_calc_efer
from kvmdbg.machine.kvm.restricted_guest import runs_on_identity_map
from kvmdbg.machine.kvm.shadow import kvm_mmu_track_write, mmu_try_to_unsync_pages, shadows_of
from kvmdbg.machine.kvm.state import INVALID_GPA, Kvm, Vcpu
from kvmdbg.machine.kvm.vmcs12 import nested_cpu_has_ept

LEVELS: Final = ("L1", "L2", "ept12")
POOL: Final = {"L1": 0x3000_0000, "L2": 0x2000_0000, "ept12": 0x2800_0000}    # where new table pages are taken from
PAGE_FLAGS: Final = {"r": 0, "w": paging.RW, "u": paging.US, "g": paging.G}
TABLE_RIGHTS: Final = paging.P | paging.RW | paging.US
EPT_FLAGS: Final = {"r": ept.READ, "w": ept.WRITE, "x": ept.EXECUTE}


class TableStep(NamedTuple):
    """One paging-structure entry on a walk."""

    structure: str       # "L1", "L2" or "ept12"
    level: int           # 5 .. 1
    address: int         # guest-physical address of the entry, in the space of the level that owns the table
    value: int           # its 64 bits; 32 in 32-bit paging
    note: str            # what it means: "-> 0x5000", "not present", "2M page"


# -- roots and spaces ----------------------------------------------------------------------------------------------


def in_guest(vcpu: Vcpu) -> bool:
    """Is the vCPU's guest running, so that its registers are the processor's?"""
    return vcpu.todo == ("guest",)


def cr3_of(kvm: Kvm, vcpu: Vcpu, level: str) -> int:
    """CR3 of L1 or L2 as of now, wherever it is kept.  raises: UserError when there is no L2."""
    running = "L2" if vcpu.guest_mode else "L1"
    if not kvm.config.enable_ept:
        return shadowed_cr3(kvm, vcpu, level, running)
    if level == running and runs_on_identity_map(kvm, vcpu):
        return vcpu.cr3
    if level == running and in_guest(vcpu):
        return kvm.cpu(vcpu).cr3
    if level == running and vcpu.cr3_dirty:
        return vcpu.cr3
    if level == "L1":
        return vmcs.peek(kvm.hw, kvm.vmcs01(vcpu), F.GUEST_CR3)
    if vcpu.guest_mode:
        return vmcs.peek(kvm.hw, vcpu.vmcs02, F.GUEST_CR3)
    need_vmcs12(vcpu)
    return vmcs12.get(kvm, vcpu, F.GUEST_CR3)


def shadowed_cr3(kvm: Kvm, vcpu: Vcpu, level: str, running: str) -> int:
    """CR3 where the processor's is a shadow root: KVM's copy; of the level that waits, what it will go on with."""
    if level == running:
        return vcpu.cr3
    need_vmcs12(vcpu)
    return vmcs12.get(kvm, vcpu, F.HOST_CR3 if level == "L1" else F.GUEST_CR3)


def root_of(kvm: Kvm, vcpu: Vcpu, level: str) -> int:
    """CR3 or EPTP at the top of a level's tables.  raises: UserError when that level has none."""
    if level not in LEVELS:
        raise UserError(f"no level {level!r}", f"Use one of {', '.join(LEVELS)}.")
    if level != "ept12":
        return cr3_of(kvm, vcpu, level)
    need_vmcs12(vcpu)
    if not nested_cpu_has_ept(kvm, vcpu):
        raise UserError("L1's current VMCS does not enable EPT: there is no ept12", "Give the root: eptp=ADDRESS.")
    return vmcs12.get(kvm, vcpu, F.EPT_POINTER)


def paging_of(kvm: Kvm, vcpu: Vcpu, level: str) -> Paging:
    """How a level's tables are built: by its control registers, wherever they are kept; EPT12 has the shape of four levels.

    A level that has paging off is taken to prepare 4-level tables.
    """
    if level == "ept12":
        return paging.Paging(paging.LEVELS_4, True, False, kvm.hw.caps.maxphyaddr, kvm.hw.caps.ept_1g)
    if level == ("L2" if vcpu.guest_mode else "L1"):
        found = guest_paging(kvm, vcpu)
    elif level == "L1":
        cr0, cr4, efer = (vmcs.peek(kvm.hw, kvm.vmcs01(vcpu), field)
                          for field in (F.CR0_READ_SHADOW, F.CR4_READ_SHADOW, F.GUEST_IA32_EFER))
        found = paging_mode(cr0, cr4, efer, kvm.hw.caps)
    elif vcpu.current_vmptr == INVALID_GPA:
        found = guest_paging(kvm, vcpu)
    else:
        cr0, cr4 = (vmcs12.get(kvm, vcpu, field) for field in (F.GUEST_CR0, F.GUEST_CR4))
        found = paging_mode(cr0, cr4, nested_vmx_calc_efer(kvm, vcpu), kvm.hw.caps)
    return found if found.mode != paging.NO_PAGING else found._replace(mode=paging.LEVELS_4)


def pdptes_of(kvm: Kvm, vcpu: Vcpu, level: str) -> Pdptes:
    """The PDPTE registers of L1 or L2 as of now, wherever they are kept; without EPT the processor has others, of pae_root."""
    running = "L2" if vcpu.guest_mode else "L1"
    if not kvm.config.enable_ept:
        if level == running:
            return vcpu.pdptrs
        to_be = paging.read_pdptes(lambda address: kvm_read_guest(kvm, address), shadowed_cr3(kvm, vcpu, level, running))
        return to_be or NO_PDPTES
    if level == running and in_guest(vcpu):
        return kvm.cpu(vcpu).pdptes
    if level == "L1" or vcpu.guest_mode:
        region = kvm.vmcs01(vcpu) if level == "L1" else vcpu.vmcs02
        first, second, third, fourth = (vmcs.peek(kvm.hw, region, field) for field in PDPTES)
    else:
        first, second, third, fourth = (vmcs12.get(kvm, vcpu, field) for field in PDPTES)
    return first, second, third, fourth


def need_vmcs12(vcpu: Vcpu) -> None:
    if vcpu.current_vmptr == INVALID_GPA:
        raise UserError("L1 has no current VMCS, so there is no L2 to speak of", "Use `inject vmptrld ADDRESS`, or give the root.")


def to_l1(kvm: Kvm, vcpu: Vcpu, level: str, address: int, eptp: int | None) -> int | None:
    """L1 guest-physical address of a table address of `level`; None where EPT12 maps nothing."""
    if level != "L2":
        return address
    if eptp is None and not (vcpu.current_vmptr != INVALID_GPA and nested_cpu_has_ept(kvm, vcpu)):
        return address
    top = vmcs12.get(kvm, vcpu, F.EPT_POINTER) if eptp is None else eptp
    walk = walk_ept12(kvm, top, address)
    return walk.address if walk.mapped else None


def read_entry(kvm: Kvm, vcpu: Vcpu, level: str, address: int, eptp: int | None = None) -> int:
    """A table entry of a level.  raises: UserError where no memory is behind it."""
    gpa = to_l1(kvm, vcpu, level, address, eptp)
    value = None if gpa is None else kvm_read_guest(kvm, gpa)
    if value is None:
        raise UserError(f"no memory at {level} table address {address:#x}", "Map it first, or choose a lower address.")
    return paging_of(kvm, vcpu, level).entry(address, value)


# -- writing -------------------------------------------------------------------------------------------------------


def poke(kvm: Kvm, vcpu: Vcpu, gpa: int, value: int, level: str = "L1") -> None:
    """Write 64 bits at an L1 guest-physical address, as L1's software would.  raises: UserError."""
    if gpa % 8:
        raise UserError(f"address {gpa:#x} is not a multiple of 8", f"Use {gpa & ~7:#x}.")
    old = kvm_read_guest(kvm, gpa)
    if old is None:
        raise UserError(f"no memory at guest-physical {gpa:#x}", f"The VM has {kvm.config.memory:#x} bytes from 0 on.")
    kvm.tape.bottom = poke.__code__
    kvm.emit(GuestWrote, level, gpa, old, value)
    kvm_write_guest(kvm, gpa, value)
    if shadows_of(kvm, gpa >> 12) and not mmu_try_to_unsync_pages(kvm, vcpu, gpa >> 12):
        kvm_mmu_track_write(kvm, vcpu, gpa)


def write_entry(kvm: Kvm, vcpu: Vcpu, level: str, address: int, value: int, eptp: int | None) -> None:
    """Write a table entry of a level.  raises: UserError where no memory is behind it, and for one that is too wide."""
    shape = paging_of(kvm, vcpu, level)
    if value >> 8 * shape.entry_size:
        raise UserError(f"{value:#x} does not fit an entry of {shape.mode} paging, which has {8 * shape.entry_size} bits")
    gpa = to_l1(kvm, vcpu, level, address, eptp)
    if gpa is None:
        raise UserError(f"EPT12 does not map L2 table address {address:#x}", "Map it first: map ept12 ADDRESS TARGET.")
    poke(kvm, vcpu, gpa & ~7, shape.cell(address, kvm_read_guest(kvm, gpa) or 0, value), level)


def new_table(kvm: Kvm, vcpu: Vcpu, level: str, eptp: int | None) -> int:
    """An unused page for a table, in the level's own space; for L2 its page is mapped one to one in EPT12."""
    page = POOL[level]
    while page >> 12 in kvm.pages:
        page += 0x1000
    if page >= kvm.config.memory:
        raise UserError(f"no room for page tables at {page:#x}", "Give the machine more memory: machine memory=1G.")
    if level == "L2" and to_l1(kvm, vcpu, "L2", page, eptp) is None:
        map_page(kvm, vcpu, "ept12", page, page, root=eptp)
    gfn_to_pfn(kvm, page >> 12)         # touched, so that the next search does not find it again
    return page


# -- the words -----------------------------------------------------------------------------------------------------


def leaf_bits(level: str, flags: str, shape: Paging) -> int:
    """Bits of a leaf from letters: r w u x g for page tables (x absent = XD), r w x for EPT.  raises: UserError."""
    known = EPT_FLAGS if level == "ept12" else {**PAGE_FLAGS, "x": 0}
    unknown = [flag for flag in flags if flag not in known and flag != "-"]
    if unknown:
        raise UserError(f"unknown flag {unknown[0]!r} for {level}", f"Use letters of {''.join(known)}.")
    bits = 0
    for flag in flags:
        bits |= known.get(flag, 0)
    if level == "ept12":
        return bits | ept.MEMTYPE_WB << ept.MEMTYPE_SHIFT
    if "x" in flags:
        return bits | paging.P
    if shape.mode == paging.BITS_32:
        raise UserError("32-bit paging cannot take the right to execute from a page", "Add x to the flags.")
    return bits | paging.P | paging.XD


def table_levels(shape: Paging) -> tuple[int, ...]:
    """Levels of the tables that software makes in memory: in PAE paging also the table of the four PDPTEs."""
    return (3, *shape.levels) if shape.mode == paging.PAE else shape.levels


def link(level: str, shape: Paging, at: int, table: int) -> int:
    """An entry of level `at` that names a table; a PDPTE of PAE paging has no rights."""
    if level == "ept12":
        return table | ept.RIGHTS
    return table | (paging.P if shape.mode == paging.PAE and at == 3 else TABLE_RIGHTS)


def descend(kvm: Kvm, vcpu: Vcpu, level: str, root: int, address: int, to: int, eptp: int | None, create: bool) -> int:
    """Address of the entry for `address` at table level `to`.  raises: UserError when a table is missing and not created.

    In PAE paging the way leads through the PDPTEs in memory, as software edits them; the registers do not matter.
    """
    shape = paging_of(kvm, vcpu, level)
    if to not in table_levels(shape):
        raise UserError(f"no table level {to} in {shape.mode} paging", f"Use one of {', '.join(map(str, table_levels(shape)))}.")
    table = shape.root(root)
    for step in table_levels(shape):
        entry_at = shape.entry_at(table, address, step)
        if step == to:
            break
        entry = read_entry(kvm, vcpu, level, entry_at, eptp)
        if not entry & (ept.RIGHTS if level == "ept12" else paging.P):
            if not create:
                raise UserError(f"{level} has no level-{step - 1} table for {address:#x}",
                                f"Use `map {level} {address:#x} TARGET` first.")
            table = new_table(kvm, vcpu, level, eptp)
            write_entry(kvm, vcpu, level, entry_at, link(level, shape, step, table), eptp)
        elif shape.is_leaf(entry, step):
            raise UserError(f"{level} maps {address:#x} by a {shape.page_size(step):#x}-byte page at level {step}",
                            f"Change that entry: pte {level} {address:#x} ... level={step}.")
        else:
            table = entry & paging.ADDRESS
    return entry_at


def leaf_level(kvm: Kvm, level: str, shape: Paging, size: int) -> int:
    """The table level whose entries map pages of `size` bytes.  raises: UserError when the mode or the processor has none."""
    for at in shape.levels:
        if shape.page_size(at) == size and shape.is_leaf(paging.PS, at):
            return at
    sizes = {0x1000: "4K", paging.PAGE_2M: "2M", paging.PAGE_4M: "4M", paging.PAGE_1G: "1G"}
    offered = [name for bytes_, name in sizes.items() if any(shape.page_size(at) == bytes_ and shape.is_leaf(paging.PS, at)
                                                             for at in shape.levels)]
    raise UserError(f"there are no pages of {size:#x} bytes in {level}'s {shape.mode} paging", f"Use {' or '.join(offered)}.")


def map_page(kvm: Kvm, vcpu: Vcpu, level: str, address: int, target: int, flags: str | None = None, size: int = 0x1000,
             root: int | None = None, eptp: int | None = None) -> None:
    """Map a page in a level's tables, making tables as needed.

    address: linear address (L1, L2) or L2 guest-physical address (ept12); target: guest-physical address in the level's
    own space (L1 guest-physical for ept12); size: bytes, of a page that the level's paging mode has; root: CR3 or EPTP,
    default the level's present one; eptp: for L2, the EPT12 under its tables, default the current VMCS's.
    raises: UserError for what makes no sense, nothing being changed.
    """
    top = root_of(kvm, vcpu, level) if root is None else root
    shape = paging_of(kvm, vcpu, level)
    to = leaf_level(kvm, level, shape, size)
    if address % size or target % size:
        raise UserError(f"{address:#x} -> {target:#x}: both must be multiples of the page size {size:#x}")
    if level != "ept12" and shape.linear_bits == 32 and address >> 32:
        raise UserError(f"{address:#x} is no address of {shape.mode} paging", "Use one below 4G.")
    bits = leaf_bits(level, flags if flags is not None else "rwx" if level == "ept12" else "rwxu", shape)
    entry = target | bits | (paging.PS if to > 1 else 0)
    if entry >> 8 * shape.entry_size:
        raise UserError(f"{target:#x} does not fit an entry of {shape.mode} paging", "Use a target below 4G.")
    entry_at = descend(kvm, vcpu, level, top, address, to, eptp, create=True)
    write_entry(kvm, vcpu, level, entry_at, entry, eptp)


def set_entry(kvm: Kvm, vcpu: Vcpu, level: str, address: int, value: int, table_level: int = 1, root: int | None = None,
              eptp: int | None = None) -> None:
    """Write the entry for `address` at a table level (1 PTE .. 5 PML5E), without any invalidation."""
    top = root_of(kvm, vcpu, level) if root is None else root
    entry_at = descend(kvm, vcpu, level, top, address, table_level, eptp, create=False)
    write_entry(kvm, vcpu, level, entry_at, value, eptp)


def entry_of(kvm: Kvm, vcpu: Vcpu, level: str, address: int, table_level: int = 1, root: int | None = None,
             eptp: int | None = None) -> tuple[int, int]:
    """(guest-physical address in the level's space, value) of the entry for `address` at a table level."""
    top = root_of(kvm, vcpu, level) if root is None else root
    entry_at = descend(kvm, vcpu, level, top, address, table_level, eptp, create=False)
    return entry_at, read_entry(kvm, vcpu, level, entry_at, eptp)


def walk(kvm: Kvm, vcpu: Vcpu, level: str, address: int, root: int | None = None, eptp: int | None = None) -> list[TableStep]:
    """The entries that translate `address`, top first; it ends where the walk would.  Sets nothing, caches nothing.

    In PAE paging it starts at the PDPTE register, or, with a root of its own, at the PDPTE in memory.
    """
    shape = paging_of(kvm, vcpu, level)
    top = root_of(kvm, vcpu, level) if root is None else root
    table = shape.root(top)
    registers = pdptes_of(kvm, vcpu, level) if shape.mode == paging.PAE and root is None else None
    steps: list[TableStep] = []
    for step in table_levels(shape):
        entry_at = shape.entry_at(table, address, step)
        gpa = to_l1(kvm, vcpu, level, entry_at, eptp)
        cell = None if gpa is None else kvm_read_guest(kvm, gpa)
        loaded = registers is not None and step == 3
        if registers is not None and loaded:
            value = registers[address >> 30 & 3]
        elif cell is None:
            steps.append(TableStep(level, step, entry_at, 0, "EPT12 does not map the table" if gpa is None else "no memory there"))
            break
        else:
            value = shape.entry(entry_at, cell)
        present = value & (ept.RIGHTS if level == "ept12" else paging.P)
        leaf = bool(present) and step in shape.levels and shape.is_leaf(value, step)
        note = ("not present" if not present else f"-> page {shape.page(value, step):#x}" if leaf
                else f"-> table {value & paging.ADDRESS:#x}")
        if loaded:
            note += " (register)" if value == cell else " (register; memory differs)"
        steps.append(TableStep(level, step, entry_at, value, note))
        if leaf or not present:
            break
        table = value & paging.ADDRESS
    return steps
