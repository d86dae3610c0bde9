"""KVM_REQ_MMU_RELOAD."""

from __future__ import annotations

import pytest

from kvm_support import V6_12, Machine, of, served
from kvmdbg.machine.kvm.events import RootAllocated, RootFreed
from kvmdbg.machine.kvm.kvm_host import kvm_make_request


@pytest.mark.parametrize("name", ["v4.3", "v4.15", "v5.7", "v5.16"])
def test_all_roots_go_and_the_next_load_flushes(name: str) -> None:
    m = Machine(name)
    m.run("nop")
    kvm_make_request(m.kvm, m.vcpu, "MMU_RELOAD", "a test")
    events = m.run("cpuid")
    assert served(events)[0] == "MMU_RELOAD"
    assert len(of(events, RootFreed)) == len(of(events, RootAllocated)) == 1


def test_new_kernels_do_not_have_it() -> None:
    assert "MMU_RELOAD" not in Machine(V6_12).kvm.era.request_bits()
