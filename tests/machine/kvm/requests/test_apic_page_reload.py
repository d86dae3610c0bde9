"""KVM_REQ_APIC_PAGE_RELOAD."""

from __future__ import annotations

import pytest

from kvm_support import Machine, decided, served
from kvmdbg.machine.kvm.kvm_host import kvm_make_request


@pytest.mark.parametrize("name", ["v4.3", "v4.15", "v5.10", "v6.12"])
def test_it_is_served_behind_the_flushes(name: str) -> None:
    m = Machine(name, nested=False, apic_access_page=True)
    m.run("nop")
    for request in ("APIC_PAGE_RELOAD", "TLB_FLUSH"):
        kvm_make_request(m.kvm, m.vcpu, request, "a test")
    events = m.run("cpuid")
    assert served(events) == ["TLB_FLUSH", "APIC_PAGE_RELOAD"]
    assert decided(events, "vmx_set_apic_access_page_addr")[0][0] == "yes"
