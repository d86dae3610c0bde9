"""KVM_REQ_GET_VMCS12_PAGES: the name until v5.9 of KVM_REQ_GET_NESTED_STATE_PAGES (7f7f1ba33cf2)."""

from __future__ import annotations

from kvmdbg.machine.kvm.nested_pages import vmx_get_nested_state_pages
from kvmdbg.machine.kvm.request import request
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@request("GET_VMCS12_PAGES", source="x86.c: vcpu_enter_guest(); nested.c: nested_get_vmcs12_pages()")
def serve(kvm: Kvm, vcpu: Vcpu) -> None:
    """Map vmcs12's pages and load PDPTRs; a page that is no memory ends KVM_RUN."""
    vmx_get_nested_state_pages(kvm, vcpu)
