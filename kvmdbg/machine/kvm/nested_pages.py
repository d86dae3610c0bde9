"""The pages of L1's memory that vmcs12 names: mapped for vmcs02 at a nested entry, or at the VM entry after a restore.

Source: nested.c: nested_get_vmcs12_pages(), vmx_get_nested_state_pages(); kvm.md E.7.
"""

from __future__ import annotations

from kvmdbg.machine.hw.controls import (
    CPU_CR8_LOAD_EXITING,
    CPU_CR8_STORE_EXITING,
    CPU_TPR_SHADOW,
    SEC_ENABLE_EPT,
    SEC_VIRTUALIZE_APIC_ACCESSES,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.guest_memory import gfn_to_pfn
from kvmdbg.machine.kvm.guest_paging import is_pae_paging
from kvmdbg.machine.kvm.nested_posted_interrupts import map_descriptor
from kvmdbg.machine.kvm.pdptrs import load_pdptrs
from kvmdbg.machine.kvm.state import INVALID_GPA, Kvm, Vcpu
from kvmdbg.machine.kvm.vmx_control_registers import kvm_read_cr3
from kvmdbg.machine.kvm.vmx_ops import read, write

CR8_EXITING = CPU_CR8_LOAD_EXITING | CPU_CR8_STORE_EXITING


def nested_get_vmcs12_pages(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Host addresses of vmcs12's pages into vmcs02, which is loaded; False: KVM_RUN must end."""
    if not (apic_access_page(kvm, vcpu) and virtual_apic_page(kvm, vcpu)):
        return False
    map_descriptor(kvm, vcpu)
    return True


def vmx_get_nested_state_pages(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Serve the request that a restore has made, nothing when L2 is gone again; False: KVM_RUN must end."""
    if not vcpu.guest_mode:
        return True
    nested_ept = vmcs12.nested_cpu_has2(kvm, vcpu, SEC_ENABLE_EPT)
    owed = not nested_ept and is_pae_paging(kvm, vcpu) and kvm.era.defers_pdptrs_of_l2()
    if owed and not load_pdptrs(kvm, vcpu, kvm_read_cr3(kvm, vcpu)):
        vcpu.exit_to_user = "KVM_EXIT_INTERNAL_ERROR (L2's PDPTEs cannot be loaded)"
        return False
    return nested_get_vmcs12_pages(kvm, vcpu)


def apic_access_page(kvm: Kvm, vcpu: Vcpu) -> bool:
    """APIC_ACCESS_ADDR, if vmcs12 virtualizes APIC accesses."""
    if not vmcs12.nested_cpu_has2(kvm, vcpu, SEC_VIRTUALIZE_APIC_ACCESSES):
        return True
    page = map_page(kvm, vcpu, "APIC_ACCESS_ADDR", F.APIC_ACCESS_ADDR)
    if page is not None:
        write(kvm, vcpu, F.APIC_ACCESS_ADDR, page)
        return True
    if kvm.era.unmappable_apic_page_is_an_error():
        vcpu.exit_to_user = "KVM_EXIT_INTERNAL_ERROR (vmcs12's APIC-access page is no memory)"
        return False
    secondary = read(kvm, vcpu, F.SECONDARY_VM_EXEC_CONTROL)
    write(kvm, vcpu, F.SECONDARY_VM_EXEC_CONTROL, secondary & ~SEC_VIRTUALIZE_APIC_ACCESSES)
    return True


def virtual_apic_page(kvm: Kvm, vcpu: Vcpu) -> bool:
    """VIRTUAL_APIC_PAGE_ADDR, if vmcs12 uses the TPR shadow; without memory there the shadow goes, or VM entry will fail."""
    controls = vmcs12.get(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL)
    if not controls & CPU_TPR_SHADOW:
        return True
    write(kvm, vcpu, F.TPR_THRESHOLD, vmcs12.get(kvm, vcpu, F.TPR_THRESHOLD))
    page = map_page(kvm, vcpu, "VIRTUAL_APIC_PAGE_ADDR", F.VIRTUAL_APIC_PAGE_ADDR)
    if page is not None:
        write(kvm, vcpu, F.VIRTUAL_APIC_PAGE_ADDR, page)
    elif controls & CR8_EXITING == CR8_EXITING and not vmcs12.nested_cpu_has2(kvm, vcpu, SEC_VIRTUALIZE_APIC_ACCESSES):
        mine = read(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL)
        write(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL, mine & ~CPU_TPR_SHADOW)
    else:
        write(kvm, vcpu, F.VIRTUAL_APIC_PAGE_ADDR, INVALID_GPA)
    return True


def map_page(kvm: Kvm, vcpu: Vcpu, name: str, encoding: int) -> int | None:
    """Host-physical address of the page that a field of vmcs12 names (kvm_vcpu_map()); None outside L1's memory."""
    gpa = vmcs12.get(kvm, vcpu, encoding)
    page = gfn_to_pfn(kvm, gpa >> 12)
    kvm.emit(Decided, vcpu.id, "nested_get_vmcs12_pages", f"is vmcs12's {name} memory?", "no" if page is None else "yes",
             f"gpa {gpa:#x}" + ("" if page is None else f", host page {page:#x}"),
             "nested.c: nested_get_vmcs12_pages(); vmx.c before v5.0")
    return page
