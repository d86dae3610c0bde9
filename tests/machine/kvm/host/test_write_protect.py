"""KVM takes the right to write from a page."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, Machine, decided, exits, made

GFN = L1_PAGE >> 12


@pytest.mark.parametrize("kernel", ["v3.1", "v4.4", "v5.10", "v6.12"])
def test_the_next_write_faults_once(kernel: str) -> None:
    m = Machine(kernel).given_vmx()
    m.run(f"store {L1_PAGE:#x}, 7")
    m.program("cpuid")
    m.step_to("vcpu_enter_guest")
    assert made(m.host(f"write-protect {GFN:#x}")) == ["TLB_FLUSH"]
    events = m.host(f"write-protect {GFN:#x}")
    assert made(events) == []
    assert decided(events, "kvm_mmu_write_protect_pt_masked") == [("no", f"SPTEs of gfn {GFN:#x} were not writable")]
    m.run("nop", f"load {L1_PAGE:#x}")
    assert exits(m.run(f"store {L1_PAGE:#x}, 8")) == [48] and exits(m.run(f"store {L1_PAGE:#x}, 9")) == []
