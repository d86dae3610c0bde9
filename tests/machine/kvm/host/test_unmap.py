"""The memory manager moves a page of the VM."""

from __future__ import annotations

import pytest

from kvm_support import DATA, L1_PAGE, L2_PAGE, Machine, decided, exits, made, served, values
from kvmdbg.errors import UserError
from kvmdbg.machine.hw.memory import read64
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.machine.kvm.kvm_host import count_tlbs_dirty

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


@pytest.mark.parametrize("kernel", ["v3.1", "v4.4", "v4.15", "v5.7", "v5.8", "v6.12"])
def test_a_guest_that_runs_is_interrupted_and_flushes_before_it_goes_on(kernel: str) -> None:
    m = Machine(kernel).given_vmx()
    m.run(f"store {L1_PAGE:#x}, 7")
    m.host(f"unmap {GFN:#x}")
    events = m.run(f"load {L1_PAGE:#x}")
    assert exits(events)[0] == 1 and served(events)[0] == "TLB_FLUSH"
    assert values(events)[-1] == 7 and m.stat("remote_tlb_flush", -1) == 1


@pytest.mark.parametrize("kernel", ["v4.4", "v4.15", "v5.8", "v5.14", "v6.12"])
def test_a_flush_while_l2_runs_reaches_l1s_mappings_too(kernel: str) -> None:
    """I-23: since the 2020 series every context is flushed; before, the load of L1's root at the exit makes up for it."""
    m = Machine(kernel).given_vmx().given_l2()
    m.run(f"store {L1_PAGE:#x}, 7")
    m.enter()
    m.run(f"load {L2_PAGE:#x}")
    m.host(f"unmap {GFN:#x}")
    m.run("nop", "vmcall")
    assert values(m.run(f"load {L1_PAGE:#x}"))[-1] == 7


def test_a_sync_that_put_its_flush_off_is_made_up_for() -> None:
    """tlbs_dirty (A.3): the notifier flushes although it dropped nothing."""
    m = Machine("v4.4").given_vmx()
    m.run("nop")
    m.poke(0x20_0000, 5)
    count_tlbs_dirty(m.kvm)
    events = m.host("unmap 0x200")
    assert decided(events, "kvm_mmu_notifier_invalidate_range_start") == [("yes", "0 SPTEs of gfn 0x200 dropped, tlbs_dirty")]
    assert made(m.host("unmap 0x200")) == []
