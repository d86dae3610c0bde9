"""KVM_REQ_GET_NESTED_STATE_PAGES: L2 was entered without VMLAUNCH; the pages that vmcs12 names are mapped now, first of all.

Until 729c15c20f1a (v5.10) it was called KVM_REQ_GET_VMCS12_PAGES.
"""

from __future__ import annotations

from kvmdbg.machine.kvm.nested_pages import vmx_get_nested_state_pages
from kvmdbg.machine.kvm.request import request
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@request("GET_NESTED_STATE_PAGES", source="x86.c: vcpu_enter_guest(); nested.c: vmx_get_nested_state_pages()")
def serve(kvm: Kvm, vcpu: Vcpu) -> None:
    """Map vmcs12's pages and load PDPTRs; a page that is no memory ends KVM_RUN."""
    vmx_get_nested_state_pages(kvm, vcpu)
