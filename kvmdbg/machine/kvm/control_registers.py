"""Emulated writes to CR0 and CR4 (x86.c; regs.c in 2026; kvm.md D)."""

from __future__ import annotations

from kvmdbg.machine.hw.control_registers import CR0_DEFINED, CR0_FIXED1, cr0_problem, cr4_problem
from kvmdbg.machine.hw.controls import CR0_ET, CR0_PG, CR4_LA57, CR4_OSXSAVE, CR4_PAE, CR4_PCIDE, CR4_VMXE, EFER_LMA, EFER_LME
from kvmdbg.machine.kvm import mmu
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.nested_checks import nested_caps
from kvmdbg.machine.kvm.pdptrs import X86_CR0_PDPTR_BITS, X86_CR4_PDPTR_BITS, load_pdptrs
from kvmdbg.machine.kvm.questions.control_registers import Aftermath
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx_control_registers import kvm_update_cpuid_runtime


def kvm_set_cr0(kvm: Kvm, vcpu: Vcpu, cr0: int) -> bool:
    """Emulate MOV CR0; False asks for #GP(0).  PG cannot be cleared from 64-bit mode.

    Simplified: a guest in another mode may set it again whatever its code segment is; here no guest ever reloads CS.
    """
    old = kvm.ops.read_cr0(kvm, vcpu)
    if cr0_problem(cr0, CR0_FIXED1 if vcpu.vmxon else 0) or (not cr0 & CR0_PG and vcpu.efer & EFER_LMA):
        return False
    cr0 = cr0 & CR0_DEFINED | CR0_ET
    if vcpu.efer & EFER_LME and cr0 & ~old & CR0_PG and not vcpu.cr4 & CR4_PAE:
        return False
    pae = not vcpu.efer & EFER_LME and cr0 & CR0_PG and vcpu.cr4 & CR4_PAE
    bits = X86_CR0_PDPTR_BITS if kvm.era.cache_control_loads_pdptes() else CR0_PG
    if pae and (old ^ cr0) & bits and not load_pdptrs(kvm, vcpu, kvm.ops.read_cr3(kvm, vcpu)):
        return False
    kvm.ops.set_cr0(kvm, vcpu, cr0)
    finish(kvm, vcpu, kvm.era.cr0_aftermath(old, cr0, kvm.config.enable_ept), "kvm_post_set_cr0")
    return True


def kvm_set_cr4(kvm: Kvm, vcpu: Vcpu, cr4: int) -> bool:
    """Emulate MOV CR4; False asks for #GP(0)."""
    old = kvm.ops.read_cr4(kvm, vcpu)
    demanded = nested_caps(kvm).cr4_fixed0 if vcpu.vmxon else 0
    if cr4_problem(cr4, kvm.hw.caps, demanded) or (cr4 & CR4_VMXE and not kvm.config.nested):
        return False
    if cr4 & CR4_PCIDE and not (kvm.era.has_pcid() and (kvm.config.enable_ept or kvm.era.pcid_without_tdp())):
        return False
    if cr4 & CR4_LA57 and not kvm.era.knows_la57():
        return False
    if vcpu.efer & EFER_LMA and (not cr4 & CR4_PAE or (old ^ cr4) & CR4_LA57 and kvm.era.keeps_la57_in_long_mode()):
        return False
    if cr4 & ~old & CR4_PCIDE and (kvm.ops.read_cr3(kvm, vcpu) & 0xFFF or not vcpu.efer & EFER_LMA):
        return False
    pae = not vcpu.efer & EFER_LMA and vcpu.cr0 & CR0_PG and cr4 & CR4_PAE
    if pae and (old ^ cr4) & X86_CR4_PDPTR_BITS and not load_pdptrs(kvm, vcpu, kvm.ops.read_cr3(kvm, vcpu)):
        return False
    kvm.ops.set_cr4(kvm, vcpu, cr4)
    if (old ^ cr4) & CR4_OSXSAVE and not kvm.era.set_cr4_updates_cpuid():
        kvm_update_cpuid_runtime(kvm, vcpu, cr4)
    finish(kvm, vcpu, kvm.era.cr4_aftermath(old, cr4, kvm.config.enable_ept), "kvm_post_set_cr4")
    return True


def finish(kvm: Kvm, vcpu: Vcpu, aftermath: Aftermath, by: str) -> None:
    """What this kernel does once the register has its new value."""
    if aftermath.init and kvm.mmu(vcpu).role.kind == "direct":
        mmu.kvm_init_mmu(kvm, vcpu)
    if aftermath.reset:
        mmu.kvm_mmu_reset_context(kvm, vcpu)
    if aftermath.unload:
        mmu.kvm_mmu_unload(kvm, vcpu)
    for name in aftermath.requests:
        kvm_make_request(kvm, vcpu, name, by)
