"""The shadow vmcs12: the VMCS at vmcs12's link pointer, which VMREAD and VMWRITE of L2 reach where L1 uses VMCS shadowing.

KVM never lets the processor do that: vmcs02 has no shadow VMCS, and each access of L2 that L1 does not want is emulated on a copy,
which is read from L1's memory when L2 is entered and written back when it exits (nested.c, since v4.19).
"""

from __future__ import annotations

from kvmdbg.machine.hw.controls import SEC_SHADOW_VMCS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.state import INVALID_GPA, Kvm, Vcpu


def link_pointer(kvm: Kvm, vcpu: Vcpu) -> int:
    """L1 guest-physical address of L2's shadow VMCS; INVALID_GPA where it has none."""
    return vmcs12.get(kvm, vcpu, F.VMCS_LINK_POINTER)


def nested_cpu_has_shadow_vmcs(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does L2 use a shadow VMCS?"""
    return vmcs12.nested_cpu_has2(kvm, vcpu, SEC_SHADOW_VMCS) and link_pointer(kvm, vcpu) != INVALID_GPA


def get_shadow_vmcs12(kvm: Kvm, vcpu: Vcpu, encoding: int) -> int:
    """A member of the copy; pseudo encodings too."""
    return int(kvm.cached_shadow_vmcs12.get((vcpu.id, encoding), 0))


def put_shadow_vmcs12(kvm: Kvm, vcpu: Vcpu, encoding: int, value: int) -> None:
    """Set a member of the copy."""
    if value != get_shadow_vmcs12(kvm, vcpu, encoding):
        kvm.cached_shadow_vmcs12[vcpu.id, encoding] = value


def nested_cache_shadow_vmcs12(kvm: Kvm, vcpu: Vcpu) -> None:
    """Read it, at the entry of L2."""
    if nested_cpu_has_shadow_vmcs(kvm, vcpu):
        for encoding, value in vmcs12.read_struct(kvm, link_pointer(kvm, vcpu)):
            put_shadow_vmcs12(kvm, vcpu, encoding, value)


def nested_flush_cached_shadow_vmcs12(kvm: Kvm, vcpu: Vcpu) -> None:
    """Write it back, at the exit of L2."""
    if nested_cpu_has_shadow_vmcs(kvm, vcpu):
        vmcs12.write_struct(kvm, link_pointer(kvm, vcpu), lambda encoding: get_shadow_vmcs12(kvm, vcpu, encoding))
