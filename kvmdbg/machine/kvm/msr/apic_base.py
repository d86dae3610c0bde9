"""IA32_APIC_BASE of a guest: the mode of its local APIC (x86.c: kvm_set_apic_base())."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.kvm.apic_access_page import kvm_get_apic_base, kvm_set_apic_base
from kvmdbg.machine.kvm.guest_msr import guest_msr
from kvmdbg.machine.kvm.state import Kvm, Vcpu

IA32_APIC_BASE: Final = 0x1B


def need_apic_access_page(kvm: Kvm) -> None:
    """raises: Unsupported where the mode of the APIC would change nothing in the model."""
    if not kvm.config.apic_access_page:
        raise Unsupported("IA32_APIC_BASE is not modelled without an APIC-access page: the local APIC stays in xAPIC mode",
                          "`machine apic_access_page=1 nested=0`, or an L2 with an APIC-access page of its own.")


def get(kvm: Kvm, vcpu: Vcpu) -> int:
    need_apic_access_page(kvm)
    return kvm_get_apic_base(kvm, vcpu)


def set_apic_base(kvm: Kvm, vcpu: Vcpu, value: int, host_initiated: bool) -> bool:
    need_apic_access_page(kvm)
    return kvm_set_apic_base(kvm, vcpu, value)


guest_msr(IA32_APIC_BASE, "IA32_APIC_BASE", source="x86.c: kvm_set_apic_base()", get=get, set=set_apic_base)
