"""SYSENTER's registers and the bases of FS and GS: fields of the VMCS of the guest that runs (vmx.c: vmx_set_msr())."""

from __future__ import annotations

from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.msr.bases import IA32_FS_BASE, IA32_GS_BASE
from kvmdbg.machine.hw.msr.sysenter import IA32_SYSENTER_CS, IA32_SYSENTER_EIP, IA32_SYSENTER_ESP
from kvmdbg.machine.hw.paging import MASK_32, canonical
from kvmdbg.machine.kvm.guest_msr import Getter, Setter, guest_msr
from kvmdbg.machine.kvm.guest_paging import linear_bits
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx_ops import read, write

SOURCE = "vmx.c: vmx_get_msr(), vmx_set_msr()"


def get(field: int) -> Getter:
    return lambda kvm, vcpu: read(kvm, vcpu, field)


def set_address(field: int) -> Setter:
    """A linear address, canonical (x86.c: __kvm_set_msr())."""
    def set_(kvm: Kvm, vcpu: Vcpu, value: int, host_initiated: bool) -> bool:
        if not canonical(value, linear_bits(kvm, vcpu)):
            return False
        write(kvm, vcpu, field, value)
        return True
    return set_


def set_sysenter_cs(kvm: Kvm, vcpu: Vcpu, value: int, host_initiated: bool) -> bool:
    """The field has 32 bits."""
    write(kvm, vcpu, F.GUEST_SYSENTER_CS, value & MASK_32)
    return True


guest_msr(IA32_SYSENTER_CS, "IA32_SYSENTER_CS", source=SOURCE, get=get(F.GUEST_SYSENTER_CS), set=set_sysenter_cs)
for number, name, field in (
        (IA32_SYSENTER_ESP, "IA32_SYSENTER_ESP", F.GUEST_SYSENTER_ESP),
        (IA32_SYSENTER_EIP, "IA32_SYSENTER_EIP", F.GUEST_SYSENTER_EIP),
        (IA32_FS_BASE, "IA32_FS_BASE", F.GUEST_FS_BASE), (IA32_GS_BASE, "IA32_GS_BASE", F.GUEST_GS_BASE)):
    guest_msr(number, name, source=SOURCE, get=get(field), set=set_address(field))
