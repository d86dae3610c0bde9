"""Writes to CR0, CR4 and EFER: what they do to the MMU and what they flush (x86.c; kvm.md D)."""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.machine.hw.controls import (
    CR0_PG,
    CR0_TS,
    CR0_WP,
    CR4_LA57,
    CR4_PAE,
    CR4_PCIDE,
    CR4_PGE,
    CR4_PKE,
    CR4_PSE,
    CR4_SMAP,
    CR4_SMEP,
    EFER_LME,
    EFER_NXE,
)
from kvmdbg.machine.kvm.questions.flushes import FlushQuestions

ROLE_BITS_CR0: Final = CR0_PG | CR0_WP
ROLE_BITS_CR4: Final = CR4_PSE | CR4_PAE | CR4_LA57 | CR4_SMEP | CR4_SMAP | CR4_PKE


class Aftermath(NamedTuple):
    """What KVM does once a control register has its new value, in this order."""

    init: bool = False                     # kvm_init_mmu(): the roles only
    reset: bool = False                    # kvm_mmu_reset_context()
    unload: bool = False                   # kvm_mmu_unload()
    requests: tuple[str, ...] = ()


class ControlRegisterQuestions(FlushQuestions):
    """Mainline's answers, v6.12."""

    def cr0_aftermath(self, old: int, new: int, tdp: bool) -> Aftermath:
        """kvm_post_set_cr0(): WP alone matters to a shadow MMU only; PG 1 -> 0 flushes the guest's view."""
        changed = old ^ new
        if changed == CR0_WP and not new & CR0_PG:
            return Aftermath()
        if changed == CR0_WP and tdp:
            return Aftermath(init=True)
        requests = ("TLB_FLUSH_GUEST",) if changed & CR0_PG and not new & CR0_PG else ()
        return Aftermath(reset=bool(changed & ROLE_BITS_CR0), requests=requests)

    def cr4_aftermath(self, old: int, new: int, tdp: bool) -> Aftermath:
        """kvm_post_set_cr4(): role bits reset the MMU, and what the manual says is flushed."""
        changed = old ^ new
        requests: tuple[str, ...] = ()
        if changed & CR4_PGE or changed & old & CR4_PCIDE:
            requests = ("TLB_FLUSH_GUEST",)
        elif changed & CR4_PAE or changed & new & CR4_SMEP:
            requests = (self.current_flush_request(),)
        return Aftermath(reset=bool(changed & ROLE_BITS_CR4), unload=not tdp and bool(changed & new & CR4_PCIDE), requests=requests)

    def efer_aftermath(self, old: int, new: int) -> Aftermath:
        """set_efer(): LME and NX are role bits."""
        return Aftermath(reset=bool((old ^ new) & (EFER_LME | EFER_NXE)))

    def cr0_guest_owned_bits(self, tdp: bool) -> int:
        """CR0 bits that a guest changes without an exit: vmx_l1_guest_owned_cr0_bits(); WP only where no SPTE depends on it."""
        return CR0_TS | (CR0_WP if tdp else 0)

    def has_pcid(self) -> bool:
        """May the guest set CR4.PCIDE? (ad756a1603c5)"""
        return True

    def cache_control_loads_pdptes(self) -> bool:
        """Does a change of CR0.CD or CR0.NW in PAE paging load the PDPTEs, as one of CR0.PG does? (d42e3fae6fae)"""
        return True

    def new_pdptes_free_the_root(self) -> bool:
        """Without EPT, is the current root freed when a PDPTE has changed? Else it follows the old ones. (6b123c3a89a9, I-16)"""
        return True

    def asks_to_load_new_pdptes(self) -> bool:
        """Does load_pdptrs() make KVM_REQ_LOAD_MMU_PGD? Else PDPTEs wait for a root to be loaded. (2c5653caecc4, I-16)"""
        return True
