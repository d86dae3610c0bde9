"""Page-modification logging of L1 for its L2, which KVM does in software where it sets a dirty flag of EPT12 (nested.c).

The log is a page of L1: 512 guest-physical addresses, filled from the end.  The index in vmcs12 is the next entry; when it has
gone past 0, L1 gets the VM exit "page-modification log full" and the flag stays clear, so that the next write tries again.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.controls import SEC_ENABLE_PML
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.guest_memory import kvm_write_guest
from kvmdbg.machine.kvm.state import Kvm, Vcpu

PML_ENTITY_NUM: Final = 512
INDEX_MASK: Final = 0xFFFF


def nested_vmx_write_pml_buffer(kvm: Kvm, vcpu: Vcpu, gpa: int) -> bool:
    """Log the page of L2's guest-physical address gpa, if L1 wants a log; False: it is full."""
    if not vmcs12.nested_cpu_has2(kvm, vcpu, SEC_ENABLE_PML):
        return True
    index = vmcs12.get(kvm, vcpu, F.GUEST_PML_INDEX)
    full = index >= PML_ENTITY_NUM
    kvm.emit(Decided, vcpu.id, "nested_vmx_write_pml_buffer", "is there room in L1's page-modification log?",
             "no" if full else "yes", f"index {index:#x}, gpa {gpa & ~0xFFF:#x}",
             "nested.c: nested_vmx_write_pml_buffer(), c5f983f6e845")
    if full:
        return False
    if kvm_write_guest(kvm, vmcs12.get(kvm, vcpu, F.PML_ADDRESS) + 8 * index, gpa & ~0xFFF):
        vmcs12.put(kvm, vcpu, F.GUEST_PML_INDEX, index - 1 & INDEX_MASK)
    return True
