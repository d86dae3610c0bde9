"""MOV CR3 with shadow paging: what an unchanged value, a new one and bit 63 do, kernel by kernel."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, Machine, made, of, values
from kvmdbg.machine.hw.controls import CR4_PCIDE
from kvmdbg.machine.kvm.events import RootAllocated, RootFreed, RootReused

OTHER_PAGE = 0x50_0000
SECOND = 0x8000                       # another CR3 with the same page
NO_FLUSH = 1 << 63
NAMES = ("v3.1", "v4.3", "v4.4", "v4.15", "v5.7", "v5.8", "v5.13", "v5.14", "v5.16", "v6.12")


def two_tables(name: str, pcids: bool = False) -> Machine:
    """L1 with two sets of page tables that map one page; it has run on both, and is on the first again."""
    m = Machine(name, enable_ept=False)
    for cr3 in (0x1000, SECOND):
        m.map("L1", L1_PAGE, L1_PAGE, root=cr3)
    if pcids:
        m.run(f"mov cr4, {m.vcpu.cr4 | CR4_PCIDE:#x}")
    m.run(f"store {L1_PAGE:#x}, 5", f"mov cr3, {SECOND:#x}", f"load {L1_PAGE:#x}", "mov cr3, 0x1000", f"load {L1_PAGE:#x}")
    return m


@pytest.mark.parametrize("name", NAMES)
def test_an_unchanged_value_syncs_and_flushes(name: str) -> None:
    m = two_tables(name)
    m.map("L1", L1_PAGE, OTHER_PAGE)
    assert values(m.run(f"load {L1_PAGE:#x}")) == [5]
    m.run("mov cr3, 0x1000")
    assert values(m.run(f"load {L1_PAGE:#x}")) == [0]


SYNC = ["MMU_SYNC", "TLB_FLUSH_CURRENT"]


@pytest.mark.parametrize(("name", "asked"), [("v6.12", SYNC), ("v5.14", SYNC), ("v5.8", ["TLB_FLUSH_CURRENT"]),
                                             ("v5.7", ["TLB_FLUSH"]), ("v4.3", ["TLB_FLUSH"])])
def test_what_an_unchanged_value_asks_for(name: str, asked: list[str]) -> None:
    assert made(two_tables(name).run("mov cr3, 0x1000")) == asked


@pytest.mark.parametrize("name", NAMES)
def test_a_new_value_finds_its_cached_root_or_loads_one(name: str) -> None:
    m = two_tables(name)
    events = m.run(f"mov cr3, {SECOND:#x}")
    keeps = m.kvm.era.caches_roots() and not m.kvm.era.every_root_has_pcid_0_without_pcide()
    assert of(events, RootReused if keeps or name in ("v5.7", "v5.8", "v5.13") else RootAllocated)
    assert m.vcpu.cr3 == SECOND and m.root_mmu.root.pgd == SECOND


@pytest.mark.parametrize("name", ["v5.7", "v6.12"])
def test_bit_63_with_pcids_asks_for_no_flush(name: str) -> None:
    m = two_tables(name, pcids=True)
    assert made(m.run(f"mov cr3, {0x1000 | NO_FLUSH:#x}")) == []
    assert m.vcpu.cr3 == 0x1000


def test_bit_63_is_reserved_on_v3_1_and_means_nothing_on_v4_3() -> None:
    old, newer = two_tables("v3.1"), two_tables("v4.3")
    old.run(f"mov cr3, {SECOND | NO_FLUSH:#x}")
    newer.run(f"mov cr3, {SECOND | NO_FLUSH:#x}")
    assert (old.vcpu.cr3, newer.vcpu.cr3) == (0x1000, SECOND)


def test_v3_1_refuses_a_cr3_outside_memory() -> None:
    m = two_tables("v3.1")
    m.run("mov cr3, 0x100000000")
    assert m.vcpu.cr3 == 0x1000 and not m.vcpu.exit_to_user


@pytest.mark.parametrize(("name", "found"), [("21823fbda552^", 5), ("21823fbda552", 0), ("v6.12", 0)])
def test_a_cached_root_of_the_same_pcid(name: str, found: int) -> None:
    """I-13: three CR3s, two of one PCID: a flush of the PCID has to reach the cached root of the other."""
    m = Machine(name, enable_ept=False)
    first, second = 0x1001, SECOND | 1
    for cr3 in (0x1000, SECOND):
        m.map("L1", L1_PAGE, L1_PAGE, root=cr3)
    m.run(f"store {L1_PAGE:#x}, 5", f"mov cr4, {m.vcpu.cr4 | CR4_PCIDE:#x}", f"mov cr3, {first:#x}", f"load {L1_PAGE:#x}",
          f"mov cr3, {second:#x}", f"load {L1_PAGE:#x}")
    m.map("L1", L1_PAGE, OTHER_PAGE, root=0x1000)
    m.run(f"mov cr3, {second:#x}")                                  # flushes PCID 1, to which both belong
    m.run(f"mov cr3, {first | NO_FLUSH:#x}")
    assert values(m.run(f"load {L1_PAGE:#x}")) == [found]


@pytest.mark.parametrize("name", ["21823fbda552^", "21823fbda552", "b5129100398a", "28f28d453ffc", "39353ab5790b"])
def test_no_kernel_of_the_series_leaves_a_flush_of_a_reused_root_out(name: str) -> None:
    """The invalidation by PCID came before kvm_mmu_new_pgd() left off flushing (b5129100398a)."""
    m = two_tables(name, pcids=True)
    m.run("mov cr3, 0x1001", f"mov cr3, {SECOND | 1 | NO_FLUSH:#x}", f"mov cr3, {0x1001 | NO_FLUSH:#x}", f"load {L1_PAGE:#x}")
    assert m.run(f"mov cr3, {SECOND | 1 | NO_FLUSH:#x}") and len(m.kvm.hw.tlb[0]) == 1        # bit 63 keeps what PCID 1 has
    m.run(f"mov cr3, {0x1001:#x}")
    assert len(m.kvm.hw.tlb[0]) == 0


def test_pcids_go_their_own_way_in_the_tlb() -> None:
    """Two PCIDs, NOFLUSH both ways: nothing is walked again."""
    m = two_tables("v6.12", pcids=True)
    m.run("mov cr3, 0x1001", f"load {L1_PAGE:#x}", f"mov cr3, {0x1000 | NO_FLUSH:#x}", f"load {L1_PAGE:#x}")
    fills = m.cpu.fills
    for cr3 in (0x1001, 0x1000, 0x1001):
        events = m.run(f"mov cr3, {cr3 | NO_FLUSH:#x}", f"load {L1_PAGE:#x}")
        assert of(events, RootReused) and not of(events, RootFreed)
    assert m.cpu.fills == fills
