"""Control registers, EFER and PDPTEs of the guest, and what the processor has in their place (vmx.c: vmx_set_cr0() and so on).

The guest reads its own bits of CR0 and CR4 where it keeps them, in the VMCS; KVM's copy and the read shadow have the others.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.controls import (
    CR0_PE,
    CR0_PG,
    CR0_WP,
    CR4_OSXSAVE,
    CR4_PAE,
    CR4_PCIDE,
    CR4_PGE,
    CR4_SMAP,
    CR4_SMEP,
    CR4_VMXE,
    EFER_LMA,
    EFER_LME,
    EFER_NXE,
    ENTRY_IA32E_MODE,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.guest_state import PDPTES
from kvmdbg.machine.hw.state import Pdptes
from kvmdbg.machine.kvm.restricted_guest import (
    cr4_without_paging,
    ept_update_paging_mode_cr0,
    runs_on_identity_map,
    unrestricted_guest,
)
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx_ops import read, write

HOST_CR0: Final = 0x8005_0033


def cr4_guest_owned_bits(kvm: Kvm) -> int:
    """CR4 bits that the guest changes without an exit: with EPT, PGE (vmx.c: vmx_set_cr4(), set_cr4_guest_host_mask())."""
    return CR4_PGE if kvm.config.enable_ept else 0


def kvm_read_cr0(kvm: Kvm, vcpu: Vcpu) -> int:
    """CR0 as the guest sees it: its own bits from the VMCS, the others from vcpu->arch.cr0."""
    owned = 0xFFFF_FFFF_FFFF_FFFF & ~read(kvm, vcpu, F.CR0_GUEST_HOST_MASK)
    return vcpu.cr0 & ~owned | read(kvm, vcpu, F.GUEST_CR0) & owned


def kvm_read_cr4(kvm: Kvm, vcpu: Vcpu) -> int:
    """CR4 as the guest sees it: its own bits from the VMCS, the others from vcpu->arch.cr4."""
    owned = 0xFFFF_FFFF_FFFF_FFFF & ~read(kvm, vcpu, F.CR4_GUEST_HOST_MASK)
    return vcpu.cr4 & ~owned | read(kvm, vcpu, F.GUEST_CR4) & owned


def vmx_set_cr0(kvm: Kvm, vcpu: Vcpu, cr0: int) -> None:
    """vmx.c: vmx_set_cr0(): hardware always runs with paging on, unless it is unrestricted; without EPT with WP as well."""
    restricted = kvm.config.enable_ept and not unrestricted_guest(kvm)
    toggles = bool((vcpu.cr0 ^ cr0) & CR0_PG)
    if restricted:
        vcpu.cr3 = kvm_read_cr3(kvm, vcpu)
        ept_update_paging_mode_cr0(kvm, vcpu, cr0)
    vcpu.cr0 = cr0
    if toggles and vcpu.efer & EFER_LME:                       # enter_lmode(), exit_lmode()
        vmx_set_efer(kvm, vcpu, vcpu.efer | EFER_LMA if cr0 & CR0_PG else vcpu.efer & ~EFER_LMA)
    if toggles and restricted:
        vmx_set_cr4(kvm, vcpu, kvm_read_cr4(kvm, vcpu))
    elif toggles and not kvm.config.enable_ept:
        write(kvm, vcpu, F.GUEST_CR4, hardware_cr4(kvm, cr0, vcpu.cr4))
    write(kvm, vcpu, F.CR0_READ_SHADOW, cr0)
    free = 0 if not kvm.config.enable_ept else CR0_WP if restricted else CR0_PE | CR0_PG | CR0_WP
    write(kvm, vcpu, F.GUEST_CR0, cr0 | HOST_CR0 & ~free)


def vmx_set_cr4(kvm: Kvm, vcpu: Vcpu, cr4: int) -> None:
    """vmx.c: vmx_set_cr4()."""
    if kvm.era.set_cr4_updates_cpuid() and (vcpu.cr4 ^ cr4) & CR4_OSXSAVE:
        kvm_update_cpuid_runtime(kvm, vcpu, cr4)
    vcpu.cr4 = cr4
    write(kvm, vcpu, F.CR4_READ_SHADOW, cr4)
    write(kvm, vcpu, F.GUEST_CR4,
          cr4_without_paging(cr4) | CR4_VMXE if runs_on_identity_map(kvm, vcpu) else hardware_cr4(kvm, vcpu.cr0, cr4))


def kvm_update_cpuid_runtime(kvm: Kvm, vcpu: Vcpu, cr4: int) -> None:
    """CPUID.OSXSAVE of the guest follows CR4.OSXSAVE (cpuid.c: kvm_update_cpuid_runtime(); kvm_update_cpuid() before v5.9)."""
    kvm.runtime_cpuid[vcpu.id] = cr4 & CR4_OSXSAVE


def hardware_cr4(kvm: Kvm, cr0: int, cr4: int) -> int:
    """CR4 that the guest really runs with: VMXE, and without EPT the PAE that shadow page tables need.

    A guest that thinks paging is off has neither SMEP nor SMAP: all its pages are user pages, and its code is kernel code.
    """
    if kvm.config.enable_ept:
        return cr4 | CR4_VMXE
    return (cr4 if cr0 & CR0_PG else cr4 & ~(CR4_SMEP | CR4_SMAP)) | CR4_VMXE | CR4_PAE


def hardware_efer(kvm: Kvm, efer: int) -> int:
    """EFER that the guest really runs with: SPTEs use XD, whether or not the guest does (vmx.c: update_transition_efer())."""
    if kvm.config.enable_ept:
        return efer
    return (efer if efer & EFER_LMA else efer & ~EFER_LME) | EFER_NXE


def vmx_set_efer(kvm: Kvm, vcpu: Vcpu, efer: int) -> None:
    """vmx.c: vmx_set_efer()."""
    vcpu.efer = efer
    controls = read(kvm, vcpu, F.VM_ENTRY_CONTROLS)
    lma = ENTRY_IA32E_MODE if efer & EFER_LMA else 0
    write(kvm, vcpu, F.VM_ENTRY_CONTROLS, controls & ~ENTRY_IA32E_MODE | lma)
    write(kvm, vcpu, F.GUEST_IA32_EFER, hardware_efer(kvm, efer))


def kvm_read_cr3(kvm: Kvm, vcpu: Vcpu) -> int:
    """vcpu->arch.cr3, with EPT fetched from the VMCS unless KVM has changed it since, or keeps its own there (vmx_cache_reg())."""
    if kvm.config.enable_ept and not vcpu.cr3_dirty and not runs_on_identity_map(kvm, vcpu):
        return read(kvm, vcpu, F.GUEST_CR3)
    return vcpu.cr3


def vmx_cache_pdptrs(kvm: Kvm, vcpu: Vcpu) -> Pdptes:
    """The PDPTEs of a guest in PAE paging: with EPT each VM exit saves them in the VMCS (vmx.c: ept_save_pdptrs())."""
    if not kvm.config.enable_ept or vcpu.pdptrs_dirty:
        return vcpu.pdptrs
    first, second, third, fourth = (read(kvm, vcpu, field) for field in PDPTES)
    return first, second, third, fourth


def ept_load_pdptrs(kvm: Kvm, vcpu: Vcpu, pdptrs: Pdptes) -> None:
    """The PDPTEs with which the guest goes on (vmx.c: ept_load_pdptrs())."""
    for encoding, value in zip(PDPTES, pdptrs, strict=True):
        write(kvm, vcpu, encoding, value)
    vcpu.pdptrs_dirty = False


def kvm_get_active_pcid(vcpu: Vcpu) -> int:
    """The PCID of the guest's CR3, 0 without CR4.PCIDE (mmu.h; CR4.PCIDE is never the guest's own)."""
    return vcpu.cr3 & 0xFFF if vcpu.cr4 & CR4_PCIDE else 0


def set_cr3(vcpu: Vcpu, cr3: int) -> None:
    """vcpu->arch.cr3 = cr3, to be written to GUEST_CR3 with the root."""
    vcpu.cr3 = cr3
    vcpu.cr3_dirty = True
