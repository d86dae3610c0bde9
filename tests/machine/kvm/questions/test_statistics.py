"""What is counted, on the newest kernel and on others (kvm.md H)."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, L2_PAGE, Machine
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.statistics import OF_A_VCPU, OF_THE_VM
from kvmdbg.session.reports.stats import listed

MAINLINE = Era()


def test_mainline_has_them_all() -> None:
    assert MAINLINE.counts_remote_flush_requests() and MAINLINE.counts_nested_run() and MAINLINE.shows_guest_mode()
    assert MAINLINE.counts_pf_taken() and MAINLINE.counts_pages_by_size() and MAINLINE.counts_preemptions()
    assert [MAINLINE.statistic_name(name) for name in OF_A_VCPU + OF_THE_VM] == list(OF_A_VCPU + OF_THE_VM)


@pytest.mark.parametrize(("name", "there", "not_there"), [
    ("v3.1", {"tlb_flush", "irq_window", "mmu_unsync", "pf_guest", "req_event"},
     {"irq_window_exits", "pf_taken", "nested_run", "pages_4k", "guest_mode", "remote_tlb_flush_requests", "preemption_other"}),
    ("v5.10", {"nmi_window"}, {"nested_run", "remote_tlb_flush_requests"}),
    ("v5.14", {"nmi_window_exits"}, {"nmi_window", "pages_4k"}),
    ("v5.16", {"pages_4k"}, {"pf_taken", "preemption_other"})])
def test_names_by_kernel(name: str, there: set[str], not_there: set[str]) -> None:
    names = {kernel(name).statistic_name(one) for one in OF_A_VCPU + OF_THE_VM}
    assert there <= names and not not_there & names


@pytest.mark.parametrize("name", ["v3.2", "v4.4", "v5.7", "v5.14", "v5.16", "v6.12"])
def test_nothing_is_counted_that_is_not_listed(name: str) -> None:
    m = Machine(name).start()
    m.run(f"load {L2_PAGE:#x}", "cpuid", "vmcall", f"load {L1_PAGE:#x}", "vmcall")
    m.host("steal-time 0x7000")
    m.host("preempt")
    m.host("nmi")
    m.host("irq 0x20")
    m.run("nop", "sti", "nop", "hlt")
    m.host("irq 0x20")
    m.run("nop")
    m.host("unmap 0x400")
    assert {key for key, _ in m.kvm.stats.items()} <= set(listed(m.kvm))
    assert m.stat("hypercalls") == 2 and m.stat("halt_exits") == 1 and m.stat("halt_wakeup") == 1


def test_gauges_follow_what_they_count() -> None:
    m = Machine("v6.12").start()
    m.run(f"load {L2_PAGE:#x}", "vmcall")
    m.host("memslot create 0x80000 1")
    assert m.stat("pages_4k", -1) == sum(len(sptes) for _, sptes in m.kvm.rmap.items())
    shadows = sum(not key.direct for key in m.kvm.shadow_pages)
    assert m.stat("mmu_cache_miss", -1) == shadows
    m.run(f"store {L1_PAGE:#x}, 1")
    assert m.stat("mmu_unsync", -1) == sum(page.unsync for _, page in m.kvm.shadow_pages.items())
    m.host("memslot delete 0x80000")
    assert m.stat("pages_4k", -1) == m.stat("mmu_unsync", -1) == 0 and m.stat("mmu_shadow_zapped", -1) == shadows


def test_an_unsync_page_is_counted_until_it_is_synced() -> None:
    m = Machine("v6.12", enable_ept=False)
    m.map("L1", L1_PAGE, L1_PAGE)
    m.map("L1", 0x60_0000, m.entry("L1", L1_PAGE, 2) & 0xFFFF_FFFF_F000)      # the last-level table itself
    m.run(f"load {L1_PAGE:#x}", "store 0x600ff8, 0")
    assert m.stat("mmu_unsync", -1) == sum(page.unsync for _, page in m.kvm.shadow_pages.items()) == 1
    m.run(f"mov cr3, {m.cpu.cr3:#x}")
    assert m.stat("mmu_unsync", -1) == sum(page.unsync for _, page in m.kvm.shadow_pages.items())
