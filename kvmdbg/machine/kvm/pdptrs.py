"""The PDPTEs that KVM loads for a guest in PAE paging (x86.c: load_pdptrs(); kvm.md G, I-16)."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import ept
from kvmdbg.machine.hw.controls import CR0_CD, CR0_NW, CR0_PG, CR4_PAE, CR4_PGE, CR4_PSE, CR4_SMEP
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.paging import pdptes_problem, read_pdptes
from kvmdbg.machine.kvm import mmu, vmcs12
from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.nested_checks import nested_caps
from kvmdbg.machine.kvm.state import Kvm, Vcpu

X86_CR0_PDPTR_BITS: Final = CR0_CD | CR0_NW | CR0_PG             # a change of one of these loads the PDPTEs
X86_CR4_PDPTR_BITS: Final = CR4_PGE | CR4_PSE | CR4_PAE | CR4_SMEP


def load_pdptrs(kvm: Kvm, vcpu: Vcpu, cr3: int) -> bool:
    """Load the PDPTEs from the guest's memory at CR3; False when one has a reserved bit or lies nowhere.

    Without EPT the processor has others, in pae_root: when the guest's change, a new root must be built.
    """
    pdptrs = read_pdptes(lambda address: kvm_read_guest_page_mmu(kvm, vcpu, address), cr3)
    if pdptrs is None or pdptes_problem(pdptrs, kvm.hw.caps.maxphyaddr):
        return False
    if not kvm.config.enable_ept:
        free = vcpu.pdptrs != pdptrs and kvm.era.new_pdptes_free_the_root()
        kvm.emit(Decided, vcpu.id, "load_pdptrs", "free the current root?", "yes" if free else "no",
                 f"PDPTEs {'as before' if vcpu.pdptrs == pdptrs else 'have changed'}", "x86.c: load_pdptrs()")
        if free:
            current = kvm.mmu(vcpu).root
            mmu.kvm_mmu_free_roots(kvm, vcpu, vcpu.mmu, lambda root: root is current)
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
    walk = ept.software_walk(lambda address: kvm_read_guest(kvm, address), eptp, gpa, nested_caps(kvm))
    return kvm_read_guest(kvm, walk.address) if walk.mapped else None
