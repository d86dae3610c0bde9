"""Roots of four PDPTEs, for guests outside 64-bit mode whose page tables are shadowed (mmu.c: mmu->pae_root).

The processor runs such a guest in PAE paging, whatever the guest itself uses.  The PDPTEs lie in a page below 4 GiB that belongs
to the MMU and shadows nothing; each names a level-2 shadow page, and VM entry loads them into the processor's registers.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import memory, paging
from kvmdbg.machine.hw.state import NO_PDPTES, Pdptes
from kvmdbg.machine.kvm.state import INVALID_PAGE, PAE_ROOT_BASE, Kvm, Vcpu

LEVELS_BELOW: Final = (2,)                     # of entries that lead to another table, from the root's children down
LEVELS_OF_64_BIT: Final = (4, 3, 2)


def pae_root_of(vcpu: Vcpu) -> int:
    """Host-physical address of the vCPU's page of PDPTEs: of root_mmu, as EPT12 is never shadowed without EPT."""
    return PAE_ROOT_BASE + vcpu.id * memory.FRAME


def is_pae_root(hpa: int) -> bool:
    """Is it such a root, and not a shadow page?"""
    return PAE_ROOT_BASE <= hpa < memory.FIRST_FRAME


def pdptes_of(kvm: Kvm, root: int) -> Pdptes:
    """The four PDPTEs of a root."""
    first, second, third, fourth = (memory.read64(kvm.hw, root + 8 * i) for i in range(4))
    return first, second, third, fourth


def write_pdptes(kvm: Kvm, root: int, pdptes: Pdptes = NO_PDPTES) -> None:
    """Fill the root; without an argument it is emptied (mmu.c: INVALID_PAE_ROOT)."""
    for i, entry in enumerate(pdptes):
        memory.write64(kvm.hw, root + 8 * i, entry)


def top_pages(kvm: Kvm, root: int) -> tuple[int, ...]:
    """The shadow pages at the top of a root: itself, or what its PDPTEs name."""
    if not is_pae_root(root):
        return (root,)
    return tuple(entry & paging.ADDRESS for entry in pdptes_of(kvm, root) if entry & paging.P)


def walk_start(kvm: Kvm, root: int, address: int) -> tuple[tuple[int, ...], int]:
    """(levels of the entries above the leaf, the first table) of a walk for an address; INVALID_PAGE: the PDPTE is not there."""
    if not is_pae_root(root):
        return LEVELS_OF_64_BIT, root
    entry = pdptes_of(kvm, root)[address >> 30 & 3]
    return LEVELS_BELOW, entry & paging.ADDRESS if entry & paging.P else INVALID_PAGE
