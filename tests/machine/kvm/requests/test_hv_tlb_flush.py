"""KVM_REQ_HV_TLB_FLUSH."""

from __future__ import annotations

import pytest

from kvm_support import V6_12, Machine, flushes, served
from kvmdbg.machine.kvm.kvm_host import kvm_make_request


@pytest.mark.parametrize("name", ["v5.8", "v5.13", V6_12])
def test_it_is_a_flush_for_the_guest(name: str) -> None:
    m = Machine(name)
    m.run("nop")
    before = m.stat("tlb_flush")
    kvm_make_request(m.kvm, m.vcpu, "HV_TLB_FLUSH", "a test")
    events = m.run("cpuid")
    assert (served(events), flushes(events)) == (["HV_TLB_FLUSH"], ["invvpid single-context 1"])
    assert m.stat("tlb_flush") - before == 1


@pytest.mark.parametrize(("name", "bit"), [("v5.7", None), ("0baedd792713", 34), ("v5.8", 35), ("v5.14", None), (V6_12, 40)])
def test_its_bit(name: str, bit: int | None) -> None:
    assert Machine(name).kvm.era.request_bits().get("HV_TLB_FLUSH") == bit
