"""KVM_REQ_TLB_FLUSH_CURRENT."""

from __future__ import annotations

import pytest

from kvm_support import Machine, flushes
from kvmdbg.machine.kvm.kvm_host import kvm_make_request


@pytest.mark.parametrize("enable_vpid", [True, False])
@pytest.mark.parametrize("level", [1, 2])
def test_it_flushes_the_eptp_of_the_root_in_use(level: int, enable_vpid: bool) -> None:
    m = Machine(enable_vpid=enable_vpid).given_vmx()
    if level == 2:
        m.given_l2()
        m.enter()
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH_CURRENT", "a test")
    events = m.run("mov cr0, 0x80050031")
    invept = [flush for flush in flushes(events) if flush.startswith("inv")]
    assert invept == [f"invept single-context {m.tag(m.vcpu.mmu):#x}"]
    assert m.stat("tlb_flush") >= 2
