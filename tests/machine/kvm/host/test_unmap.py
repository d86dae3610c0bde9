"""The memory manager moves a page of the VM."""

from __future__ import annotations

import pytest

from kvm_support import DATA, L1_PAGE, L2_PAGE, Machine, decided, made, served, values
from kvmdbg.errors import UserError
from kvmdbg.machine.hw.memory import read64
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest

GFN = L1_PAGE >> 12


@pytest.mark.parametrize("kernel", ["v3.1", "v4.3", "v4.15", "v5.7", "v5.10", "v5.14", "v6.12"])
def test_the_page_moves_with_its_contents_and_the_next_access_finds_it(kernel: str) -> None:
    m = Machine(kernel).given_vmx()
    m.run(f"store {L1_PAGE:#x}, 7")
    old = m.kvm.pages[GFN]
    m.program("cpuid", f"load {L1_PAGE:#x}")
    m.step_to("vcpu_enter_guest")
    events = m.host(f"unmap {GFN:#x}")
    assert made(events) == ["TLB_FLUSH"] and GFN not in m.kvm.rmap
    new = m.kvm.pages[GFN]
    assert new != old and old not in m.kvm.hw.frames and read64(m.kvm.hw, old) == 0
    events = m.run("nop")
    assert "TLB_FLUSH" in served(events)
    assert values(m.run(f"load {L1_PAGE:#x}"))[-1] == 7
    assert {entry.frame for key, entry in m.kvm.hw.tlb[0].items() if key.page == L1_PAGE} == {new}


@pytest.mark.parametrize("kernel", ["v4.4", "v6.12"])
def test_every_root_lets_go_of_it(kernel: str) -> None:
    """EPT01 and EPT02 map the same frame; both SPTEs go with one flush."""
    m = Machine(kernel).start()
    m.run(f"load {L2_PAGE:#x}", "vmcall")
    m.map("L1", 0x50_0000, DATA)
    m.run("load 0x500000")
    assert len(m.kvm.rmap[DATA >> 12]) == 2
    events = m.host(f"unmap {DATA >> 12:#x}")
    assert decided(events, "kvm_mmu_notifier_invalidate_range_start") == [("yes", f"2 SPTEs of gfn {DATA >> 12:#x} dropped")]
    assert made(events) == ["TLB_FLUSH"]


def test_a_page_that_is_not_mapped_asks_nothing() -> None:
    """J.2.11: each call asks for a flush only if it zapped something."""
    m = Machine()
    m.poke(0x20_0000, 5)
    events = m.host("unmap 0x200")
    assert made(events) == [] and kvm_read_guest(m.kvm, 0x20_0000) == 5


@pytest.mark.parametrize(("gfn", "words"), [("0x300", "nobody has touched it"), ("0x40000000", "outside the VM's memory")])
def test_a_page_that_is_not_there_is_refused(gfn: str, words: str) -> None:
    m = Machine()
    with pytest.raises(UserError, match=words):
        m.host(f"unmap {gfn}")
    assert m.kvm.tape.end == 0
