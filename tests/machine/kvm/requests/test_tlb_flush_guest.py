"""KVM_REQ_TLB_FLUSH_GUEST."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, L2_PAGE, Machine, flushes
from kvmdbg.machine.hw.tlbkey import COMBINED, GUEST_PHYSICAL
from kvmdbg.machine.kvm.kvm_host import kvm_make_request


@pytest.mark.parametrize(("level", "vpid12", "vpid"), [(1, 1, 1), (2, 1, 2), (2, None, 1)])
def test_it_flushes_the_vpid_in_use_and_spares_guest_physical_mappings(level: int, vpid12: int | None, vpid: int) -> None:
    m = Machine().given_vmx().given_l2(vpid=vpid12)
    page = L1_PAGE
    if level == 2:
        m.enter()
        page = L2_PAGE
    m.run(f"load {page:#x}")
    kept = [key for key, _ in m.kvm.hw.tlb[0].items() if key.kind == GUEST_PHYSICAL]
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH_GUEST", "a test")
    assert flushes(m.run("mov cr0, 0x80050031")) == [f"invvpid single-context {vpid}"]
    assert m.cached(COMBINED, page) == []
    assert [key for key, _ in m.kvm.hw.tlb[0].items() if key.kind == GUEST_PHYSICAL] == kept


def test_without_vpids_the_next_vm_entry_does_it() -> None:
    m = Machine(enable_vpid=False).given_vmx()
    m.run(f"load {L1_PAGE:#x}")
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH_GUEST", "a test")
    assert flushes(m.run("cpuid")) == ["vm exit 0", "vm entry 0"]
