"""IA32_TIME_STAMP_COUNTER and IA32_TSC_ADJUST of a guest: the host's counter and the TSC offset of the VMCS (x86.c, vmx.c).

L1's counter is the host's plus `l1_tsc_offset`; L2's is that plus the TSC offset of vmcs12, if L1 uses one.  Where L1 lets L2
write the counter, what L2 writes is L1's counter; the offset between the two stays (SDM Vol. 3C 25.3).

Simplified: until v5.8 KVM took a write within a second of another for an attempt to synchronize; here no two are that close.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.controls import CPU_TSC_OFFSETTING
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.msr.tsc import IA32_TIME_STAMP_COUNTER, IA32_TSC_ADJUST, MASK_64, rdtsc
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.guest_msr import guest_msr, keep, kept
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx_ops import read, write

SOURCE: Final = "x86.c: kvm_set_msr_common(), MSR_IA32_TSC, MSR_IA32_TSC_ADJUST"


def l1_tsc_offset(kvm: Kvm, vcpu: Vcpu) -> int:
    """What L1's counter has on the host's; 0 until it is written, as the two start together here."""
    return int(kvm.l1_tsc_offset.get(vcpu.id, 0))


def vmx_get_l2_tsc_offset(kvm: Kvm, vcpu: Vcpu) -> int:
    """What L1 adds to it for L2 (vmx.c)."""
    uses = vmcs12.get(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL) & CPU_TSC_OFFSETTING
    return vmcs12.get(kvm, vcpu, F.TSC_OFFSET) if uses else 0


def write_tsc_offset(kvm: Kvm, vcpu: Vcpu, in_l2: bool) -> None:
    """TSC_OFFSET of the VMCS that is loaded: L2's in vmcs02, L1's in vmcs01; a field that is right already is left alone."""
    offset = l1_tsc_offset(kvm, vcpu) + (vmx_get_l2_tsc_offset(kvm, vcpu) if in_l2 else 0) & MASK_64
    if read(kvm, vcpu, F.TSC_OFFSET) != offset:
        write(kvm, vcpu, F.TSC_OFFSET, offset)


def kvm_vcpu_write_tsc_offset(kvm: Kvm, vcpu: Vcpu, offset: int) -> None:
    """L1 has this TSC offset from now on, and L2, if it runs, its own on top (x86.c)."""
    kvm.l1_tsc_offset[vcpu.id] = offset & MASK_64
    write_tsc_offset(kvm, vcpu, vcpu.guest_mode)


def kvm_read_l1_tsc(kvm: Kvm, vcpu: Vcpu) -> int:
    """L1's counter, whatever level runs (x86.c)."""
    return rdtsc(kvm.hw, kvm.cpu(vcpu)) + l1_tsc_offset(kvm, vcpu) & MASK_64


def get_tsc(kvm: Kvm, vcpu: Vcpu) -> int:
    """As the level that runs sees it: RDMSR adds the TSC offset, intercepted or not."""
    return rdtsc(kvm.hw, kvm.cpu(vcpu)) + read(kvm, vcpu, F.TSC_OFFSET) & MASK_64


def set_tsc(kvm: Kvm, vcpu: Vcpu, value: int, host_initiated: bool) -> bool:
    """L1's counter, also where L2 writes it; a write of the guest moves IA32_TSC_ADJUST as well."""
    offset = value - rdtsc(kvm.hw, kvm.cpu(vcpu)) & MASK_64
    moved = offset - l1_tsc_offset(kvm, vcpu)
    kvm_vcpu_write_tsc_offset(kvm, vcpu, offset)
    if kvm.era.emulates_tsc_adjust() and not host_initiated:
        keep(kvm, vcpu, IA32_TSC_ADJUST, kept(kvm, vcpu, IA32_TSC_ADJUST) + moved & MASK_64)
    return True


def get_tsc_adjust(kvm: Kvm, vcpu: Vcpu) -> int | None:
    return kept(kvm, vcpu, IA32_TSC_ADJUST) if kvm.era.emulates_tsc_adjust() else None


def set_tsc_adjust(kvm: Kvm, vcpu: Vcpu, value: int, host_initiated: bool) -> bool:
    """The guest moves its counter by the difference; user space restores the register alone."""
    if not kvm.era.emulates_tsc_adjust():
        return False
    if not host_initiated:
        kvm_vcpu_write_tsc_offset(kvm, vcpu, l1_tsc_offset(kvm, vcpu) + value - kept(kvm, vcpu, IA32_TSC_ADJUST))
    keep(kvm, vcpu, IA32_TSC_ADJUST, value)
    return True


guest_msr(IA32_TIME_STAMP_COUNTER, "IA32_TIME_STAMP_COUNTER", source=SOURCE, get=get_tsc, set=set_tsc)
guest_msr(IA32_TSC_ADJUST, "IA32_TSC_ADJUST", source=SOURCE, get=get_tsc_adjust, set=set_tsc_adjust)
