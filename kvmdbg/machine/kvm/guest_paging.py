"""The paging mode of the running guest, and the PDPTEs that KVM loads for it (x86.c: load_pdptrs())."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import ept
from kvmdbg.machine.hw.controls import CR0_CD, CR0_NW, CR0_PG, CR4_PAE, CR4_PGE, CR4_PSE, CR4_SMEP
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.paging import PAE, Paging, paging_mode, pdptes_problem, read_pdptes
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.state import Kvm, Vcpu

X86_CR0_PDPTR_BITS: Final = CR0_CD | CR0_NW | CR0_PG             # a change of one of these loads the PDPTEs
X86_CR4_PDPTR_BITS: Final = CR4_PGE | CR4_PSE | CR4_PAE | CR4_SMEP


def guest_paging(kvm: Kvm, vcpu: Vcpu) -> Paging:
    """The mode that the guest thinks it is in; the bits that choose it trap, so the vCPU's copies are right."""
    return paging_mode(vcpu.cr0, vcpu.cr4, vcpu.efer, kvm.hw.caps)


def is_pae_paging(kvm: Kvm, vcpu: Vcpu) -> bool:
    """x86.h: is_pae_paging()."""
    return guest_paging(kvm, vcpu).mode == PAE


def load_pdptrs(kvm: Kvm, vcpu: Vcpu, cr3: int) -> bool:
    """Load the PDPTEs from the guest's memory at CR3; False when one has a reserved bit or lies nowhere (x86.c)."""
    pdptrs = read_pdptes(lambda address: kvm_read_guest_page_mmu(kvm, vcpu, address), cr3)
    if pdptrs is None or pdptes_problem(pdptrs, kvm.hw.caps.maxphyaddr):
        return False
    vcpu.pdptrs = pdptrs
    vcpu.pdptrs_dirty = True
    if kvm.era.asks_to_load_new_pdptes():
        kvm_make_request(kvm, vcpu, "LOAD_MMU_PGD", "load_pdptrs")     # else they wait for the next root load (I-16)
    return True


def kvm_read_guest_page_mmu(kvm: Kvm, vcpu: Vcpu, gpa: int) -> int | None:
    """64 bits at a guest-physical address of the level that runs: L2's memory lies where EPT12 says."""
    if kvm.mmu(vcpu).role.kind != "ept":
        return kvm_read_guest(kvm, gpa)
    eptp = vmcs12.get(kvm, vcpu, F.EPT_POINTER)
    walk = ept.software_walk(lambda address: kvm_read_guest(kvm, address), eptp, gpa, kvm.hw.caps)
    return kvm_read_guest(kvm, walk.address) if walk.mapped else None
