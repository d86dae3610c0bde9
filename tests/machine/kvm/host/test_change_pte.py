"""The memory manager says which frame a page has now."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, Machine, decided, made, values
from kvmdbg.errors import UserError
from kvmdbg.machine.hw import ept
from kvmdbg.machine.hw.memory import read64

GFN = L1_PAGE >> 12


def given(kernel: str) -> Machine:
    m = Machine(kernel).given_vmx()
    m.run(f"store {L1_PAGE:#x}, 7")
    m.program("cpuid")
    m.step_to("vcpu_enter_guest")
    return m


@pytest.mark.parametrize("kernel", ["v3.1", "v3.2"])
def test_the_sptes_got_the_new_frame_without_write_access(kernel: str) -> None:
    m = given(kernel)
    address = m.kvm.rmap[GFN][0]
    assert made(m.host(f"change-pte {GFN:#x}")) == ["TLB_FLUSH"]
    assert read64(m.kvm.hw, address) & (ept.ADDRESS | ept.RIGHTS) == m.kvm.pages[GFN] | ept.READ | ept.EXECUTE
    fixed = m.stat("pf_fixed")
    assert values(m.run("nop", f"load {L1_PAGE:#x}"))[-1] == 7 and m.stat("pf_fixed") == fixed
    m.run(f"store {L1_PAGE:#x}, 8")
    assert m.stat("pf_fixed") == fixed + 1


@pytest.mark.parametrize("kernel", ["v4.3", "v5.10", "v6.12 -f7842747d13d"])
def test_since_6bdb913f0a70_nothing_was_left_to_change(kernel: str) -> None:
    m = given(kernel)
    events = m.host(f"change-pte {GFN:#x}")
    assert decided(events, "kvm_mmu_notifier_change_pte") == [("no", f"0 SPTEs of gfn {GFN:#x} have the new frame")]
    assert made(events) == ["TLB_FLUSH"]                 # from the invalidation


def test_v6_12_has_none() -> None:
    m = given("v6.12")
    end = m.kvm.tape.end
    with pytest.raises(UserError, match="has no kvm_mmu_notifier_change_pte"):
        m.host(f"change-pte {GFN:#x}")
    assert m.kvm.tape.end == end
