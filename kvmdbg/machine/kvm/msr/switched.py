"""Registers that KVM itself switches between host and guest, and that do nothing in the model: they keep what is written.

SYSCALL's, IA32_KERNEL_GS_BASE and IA32_TSC_AUX are loaded into the processor before the guest runs (vmx.c:
vmx_prepare_switch_to_guest()); a vCPU has one of each, for L1 and L2.  The model leaves that out: L0 intercepts every access.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kvmdbg.machine.hw.msr.bases import IA32_KERNEL_GS_BASE
from kvmdbg.machine.hw.msr.misc_enable import IA32_MISC_ENABLE, MISC_ENABLE_RESET, READ_ONLY
from kvmdbg.machine.hw.msr.syscall import IA32_CSTAR, IA32_FMASK, IA32_LSTAR, IA32_STAR
from kvmdbg.machine.hw.msr.tsc import IA32_TSC_AUX
from kvmdbg.machine.hw.paging import MASK_32, canonical
from kvmdbg.machine.kvm.guest_msr import guest_msr, keep, kept
from kvmdbg.machine.kvm.guest_paging import linear_bits
from kvmdbg.machine.kvm.state import Kvm, Vcpu

Legal = Callable[[Kvm, Vcpu, int], bool]
SOURCE: Final = "vmx.c: vmx_set_msr(), vmx_uret_msrs_list; x86.c: kvm_set_msr_common()"


def switched(number: int, name: str, legal: Legal, reset: int = 0) -> None:
    """Declare one of them.  legal: False asks for #GP(0)."""
    def get(kvm: Kvm, vcpu: Vcpu) -> int:
        return kept(kvm, vcpu, number, reset)

    def set_(kvm: Kvm, vcpu: Vcpu, value: int, host_initiated: bool) -> bool:
        if not legal(kvm, vcpu, value):
            return False
        keep(kvm, vcpu, number, value)
        return True

    guest_msr(number, name, source=SOURCE, get=get, set=set_)


def any_value(kvm: Kvm, vcpu: Vcpu, value: int) -> bool:
    return True


def address(kvm: Kvm, vcpu: Vcpu, value: int) -> bool:
    return canonical(value, linear_bits(kvm, vcpu))


def word(kvm: Kvm, vcpu: Vcpu, value: int) -> bool:
    return value <= MASK_32


switched(IA32_STAR, "IA32_STAR", any_value)
switched(IA32_LSTAR, "IA32_LSTAR", address)
switched(IA32_CSTAR, "IA32_CSTAR", address)
switched(IA32_FMASK, "IA32_FMASK", word)
switched(IA32_KERNEL_GS_BASE, "IA32_KERNEL_GS_BASE", address)
switched(IA32_TSC_AUX, "IA32_TSC_AUX", word)
switched(IA32_MISC_ENABLE, "IA32_MISC_ENABLE", lambda kvm, vcpu, value: value & READ_ONLY == READ_ONLY, MISC_ENABLE_RESET)
