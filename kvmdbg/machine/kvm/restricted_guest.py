"""A guest without paging on a processor that has EPT but no "unrestricted guest" (vmx.c: vmx_set_cr0(); kvm.md D, I-15).

Theory of operation.  Such a processor runs a guest with CR0.PE and CR0.PG set or not at all.  While the guest has paging off KVM
lets it run with paging: on a page directory of its own that maps each linear address below 4 GiB to itself, in a page that user
space leaves free in the guest's physical memory.  The processor's CR3 is then not the guest's, so MOV to and from CR3 exit: the
one state in which KVM intercepts MOV CR3 with EPT.  Real mode would need virtual-8086 mode as well, and is refused.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import (
    CPU_CR3_LOAD_EXITING,
    CPU_CR3_STORE_EXITING,
    CR0_PE,
    CR0_PG,
    CR4_PAE,
    CR4_PSE,
    CR4_SMAP,
    CR4_SMEP,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.guest_memory import kvm_write_guest
from kvmdbg.machine.kvm.state import Kvm, Vcpu

IDENTITY_MAP: Final = 0xFFFB_C000                 # guest-physical: VMX_EPT_IDENTITY_PAGETABLE_ADDR
LARGE_PAGE: Final = 0xE7                          # 4 MBytes, present, writable, user, accessed, dirty
CR3_EXITS: Final = CPU_CR3_LOAD_EXITING | CPU_CR3_STORE_EXITING


def unrestricted_guest(kvm: Kvm) -> bool:
    """enable_unrestricted_guest, which needs EPT (vmx.c: hardware_setup())."""
    return kvm.config.enable_ept and kvm.hw.caps.unrestricted_guest


def runs_on_identity_map(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Has the guest paging off, and the processor cannot?  Without EPT there are no page tables of the guest to keep out."""
    return kvm.config.enable_ept and not kvm.hw.caps.unrestricted_guest and not vcpu.cr0 & CR0_PG


def refuse_real_mode(kvm: Kvm) -> None:
    """raises: Unsupported where real mode would be virtual-8086 mode."""
    if kvm.config.enable_ept and not kvm.hw.caps.unrestricted_guest:
        raise Unsupported("real mode on a processor without \"unrestricted guest\" is not modelled",
                          "Keep CR0.PE set, or use unrestricted_guest=1.")


def init_rmode_identity_map(kvm: Kvm) -> None:
    """A memslot of KVM's own with the page directory: two entries in 64 bits (vmx.c: init_rmode_identity_map())."""
    if not kvm.config.enable_ept or kvm.hw.caps.unrestricted_guest:
        return
    kvm.memslots[IDENTITY_MAP >> 12] = 1
    for i in range(0, 1024, 2):
        kvm_write_guest(kvm, IDENTITY_MAP + 4 * i, (i + 1 << 22 | LARGE_PAGE) << 32 | i << 22 | LARGE_PAGE)


def ept_update_paging_mode_cr0(kvm: Kvm, vcpu: Vcpu, cr0: int) -> None:
    """Before CR0 changes: the exits of CR3, and CR3 itself, which the next root load writes (vmx.c; part of vmx_set_cr0() later).

    vcpu.cr3 must hold the guest's CR3.  raises: Unsupported for real mode.
    """
    if not cr0 & CR0_PE:
        refuse_real_mode(kvm)
    if not (vcpu.cr0 ^ cr0) & CR0_PG:
        return
    exits = not cr0 & CR0_PG
    kvm.emit(Decided, vcpu.id, "vmx_set_cr0", "does MOV CR3 exit?", "yes" if exits else "no",
             f"CR0.PG {int(not exits)}: the processor's CR3 is {'that of the identity map' if exits else 'its own'}",
             "vmx.c: ept_update_paging_mode_cr0(), vmx_set_cr0()")
    cpu = kvm.cpu(vcpu)
    controls = vmcs.read(kvm.hw, cpu, F.CPU_BASED_VM_EXEC_CONTROL) & ~CR3_EXITS
    vmcs.write(kvm.hw, cpu, F.CPU_BASED_VM_EXEC_CONTROL, controls | (CR3_EXITS if exits else 0))
    vcpu.cr3_dirty = True


def cr4_without_paging(cr4: int) -> int:
    """CR4 of the processor on the identity map: 4-MByte pages of 32-bit paging, and nothing that a user page would upset."""
    return cr4 & ~(CR4_PAE | CR4_SMEP | CR4_SMAP) | CR4_PSE
