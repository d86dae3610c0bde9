"""a70656b63120: tlb_flush counts the flushes that happen."""

from __future__ import annotations

import pytest

from kvm_support import Machine, served
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.kvm_host import kvm_flush_remote_tlbs, kvm_mmu_flush_tlb


def test_the_question() -> None:
    assert [kernel(name).counts_flushes_when_served() for name in ("v3.1", "v3.2", "a70656b63120^", "a70656b63120", "v4.3")] == [
        False, False, False, True, True]


@pytest.mark.parametrize(("name", "counted"), [("v3.1", (0, 0, 2, 2)), ("v4.3", (1, 2, 2, 3))])
def test_what_is_counted_and_when(name: str, counted: tuple[int, ...]) -> None:
    """H: the first load of the VMCS, a remote flush, two requests of the MMU, and the one flush that serves them."""
    m = Machine(name)
    m.run("nop")
    seen = [m.stat("tlb_flush")]
    kvm_flush_remote_tlbs(m.kvm, "a test")
    m.run("nop")
    seen.append(m.stat("tlb_flush"))
    for _ in range(2):
        kvm_mmu_flush_tlb(m.kvm, m.vcpu, "a test")
    seen.append(m.stat("tlb_flush"))
    assert served(m.run("cpuid")) == ["TLB_FLUSH"]
    assert (*seen, m.stat("tlb_flush")) == counted
