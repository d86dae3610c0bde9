"""KVM_REQ_APIC_PAGE_RELOAD: the APIC-access page may have another frame (4256f43f9fab). Behind the flushes."""

from __future__ import annotations

from kvmdbg.machine.kvm.apic_access_page import kvm_vcpu_reload_apic_access_page
from kvmdbg.machine.kvm.request import request
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@request("APIC_PAGE_RELOAD", source="x86.c: vcpu_enter_guest(), kvm_vcpu_reload_apic_access_page()")
def serve(kvm: Kvm, vcpu: Vcpu) -> None:
    """Write APIC_ACCESS_ADDR."""
    kvm_vcpu_reload_apic_access_page(kvm, vcpu)
