"""EPT01 and EPT02: the reverse map, write protection, unsync, and keeping shadows in step."""

from __future__ import annotations

import pytest

from kvm_support import (
    DATA,
    EPT12,
    KERNELS,
    L1_PAGE,
    L2_CR3,
    L2_PAGE,
    V4_4,
    V6_12,
    Machine,
    decided,
    exits,
    flushes,
    made,
    of,
    served,
    since,
    values,
)
from kvmdbg.machine.hw import ept
from kvmdbg.machine.hw.events import VmExited
from kvmdbg.machine.hw.memory import read64
from kvmdbg.machine.hw.paging import ADDRESS
from kvmdbg.machine.kvm.events import RequestMade
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.machine.kvm.shadow import shadows_of

OTHER_DATA = 0x7_0000
LOAD = f"load {L2_PAGE:#x}"
STORE = f"store {L2_PAGE:#x}, 5"
LEAF = OTHER_DATA | 0x37          # write-back, all rights


def ran(name: str = V6_12, eptp: int = EPT12) -> Machine:
    """L2 has read and written its page (value 5); L1 runs again. OTHER_DATA holds 9."""
    m = Machine(name).given_vmx().given_l2(eptp=eptp)
    m.poke(OTHER_DATA, 9)
    m.enter()
    m.run(LOAD, STORE, "vmcall")
    return m


def leaf_table(m: Machine, level: int = 1) -> int:
    """L1 guest-physical address of the EPT12 table that has the entry for DATA at a level."""
    table = EPT12
    for at in range(4, level, -1):
        table = (kvm_read_guest(m.kvm, table + 8 * (DATA >> 3 + 9 * at & 0x1FF)) or 0) & ADDRESS
    return table


def spte(m: Machine, gfn: int) -> list[int]:
    """The rights in each leaf SPTE that maps a frame of L1."""
    return [read64(m.kvm.hw, address) & 7 for address in m.kvm.rmap.get(gfn, ())]


@pytest.mark.parametrize("name", KERNELS)
def test_a_shadowed_table_is_write_protected_and_its_shadow_found_by_its_frame(name: str) -> None:
    m = ran(name)
    gfn = leaf_table(m) >> 12
    (key,) = shadows_of(m.kvm, gfn)
    assert (key.level, key.direct, key.gfn) == (1, False, gfn)
    assert all(not rights & ept.WRITE for rights in spte(m, gfn))
    assert set(spte(m, DATA >> 12)) == {7}


@pytest.mark.parametrize("name", KERNELS)
def test_a_last_level_edit_makes_the_shadow_unsync_and_asks_nothing(name: str) -> None:
    m = ran(name)
    events = m.set("ept12", DATA, LEAF)
    assert made(events) == []
    assert decided(events, "mmu_try_to_unsync_pages") == [("yes: unsync", "shadowed at level 1")]
    (key,) = shadows_of(m.kvm, leaf_table(m) >> 12)
    assert m.kvm.shadow_pages[key].unsync


def test_v6_12_goes_on_with_the_old_translation_until_invept() -> None:
    m = ran(V6_12)
    m.set("ept12", DATA, LEAF)
    assert flushes(m.run("vmresume")) == []
    assert values(m.run(LOAD)) == [5]                     # stale, as the manual allows
    m.run("vmcall", f"invept single-context {EPT12 | 0x1E:#x}")
    events = m.run("vmresume")
    assert [(event.name, event.by) for event in of(events, RequestMade)][-1] == ("TLB_FLUSH", "mmu_sync_children")
    assert values(m.run(LOAD)) == [9]


def test_v4_4_syncs_at_every_entry() -> None:
    """Its only MMU loads a root each time, and a root load syncs (E.2, "MMU sync on transition")."""
    m = ran(V4_4)
    m.set("ept12", DATA, LEAF)
    events = m.run("vmresume")
    assert "kvm_sync_page" in [event.by for event in of(events, RequestMade)]
    assert values(m.run(LOAD)) == [9]


@pytest.mark.parametrize("name", KERNELS)
def test_an_upper_level_edit_drops_the_spte_and_asks_for_a_remote_flush(name: str) -> None:
    m = ran(name)
    events = m.set("ept12", DATA, 0, table_level=2)
    assert [(event.name, event.by) for event in of(events, RequestMade)] == [("TLB_FLUSH", "kvm_mmu_track_write")]
    assert decided(events, "mmu_try_to_unsync_pages") == [("no", "shadowed at level 2")]
    events = m.run("vmresume")
    assert "TLB_FLUSH" in served(events)
    assert exits(m.run(LOAD))[-1:] == [48]
    assert not m.vcpu.guest_mode                          # L1 has got the violation
    assert m.vmread("GUEST_PHYSICAL_ADDRESS") >> 12 in (DATA >> 12, 0x4_0000 >> 12)


@pytest.mark.parametrize("name", KERNELS)
def test_an_edit_of_an_entry_that_was_not_shadowed_asks_nothing(name: str) -> None:
    """Before v5.16 a write to a shadowed table asks this vCPU for a flush whatever it changed (kvm_mmu_pte_write())."""
    m = ran(name)
    asked = [] if name in since("v5.16") else ["TLB_FLUSH_CURRENT"] if name in since("v5.8") else ["TLB_FLUSH"]
    assert made(m.set("ept12", DATA + 0x40_0000, 0, table_level=2)) == asked


@pytest.mark.parametrize("name", KERNELS)
def test_l1s_own_store_to_a_last_level_table_traps_once(name: str) -> None:
    m = ran(name)
    m.map("L1", L1_PAGE, leaf_table(m))
    m.run(f"invlpg {L1_PAGE:#x}")
    where = L1_PAGE + 8 * (DATA >> 12 & 0x1FF)
    first, second = m.run(f"store {where:#x}, {LEAF}"), m.run(f"store {where:#x}, {LEAF}")
    assert decided(first, "mmu_try_to_unsync_pages") == [("yes: unsync", "shadowed at level 1")]
    assert (exits(second), m.stat("insn_emulation")) == ([], 0)
    assert m.entry("ept12", DATA) == LEAF


@pytest.mark.parametrize("name", KERNELS)
def test_l1s_own_store_to_an_upper_table_is_emulated_each_time(name: str) -> None:
    m = ran(name)
    m.map("L1", L1_PAGE, leaf_table(m, 2))
    m.run(f"invlpg {L1_PAGE:#x}")
    where = L1_PAGE + 8 * (DATA >> 21 & 0x1FF)
    events = m.run(f"store {where:#x}, 0")
    assert "kvm_mmu_track_write" in [event.by for event in of(events, RequestMade)]
    m.run(f"store {where:#x}, 0")
    assert m.stat("insn_emulation") == 2
    assert m.entry("ept12", DATA, table_level=2) == 0


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(("leaf", "reason"), [(DATA | 2, 49), (DATA | 0x17, 49), (0, 48)])
def test_a_sync_drops_what_l1_made_illegal(name: str, leaf: int, reason: int) -> None:
    """Write-only and memory type 2: EPT misconfigurations, for L1 to see; the shadow must not become one itself."""
    m = ran(name)
    m.set("ept12", DATA, leaf)
    m.run("invept all-context", "vmresume")
    m.run(LOAD)
    assert (m.vcpu.guest_mode, m.vcpu.exit_to_user) == (False, "")
    assert m.vmread("VM_EXIT_REASON") == reason


@pytest.mark.parametrize("name", KERNELS)
def test_a_sync_takes_rights_away(name: str) -> None:
    m = ran(name)
    m.set("ept12", DATA, DATA | 0x31)
    m.run("invept all-context", "vmresume")
    assert values(m.run(LOAD)) == [5]
    m.run(STORE)
    assert (m.vcpu.guest_mode, m.vmread("EXIT_QUALIFICATION")) == (False, 0x18A)


@pytest.mark.parametrize("name", KERNELS)
def test_rights_that_an_upper_entry_takes_away_are_gone_for_pages_already_mapped(name: str) -> None:
    """The shadow of a table is made for the rights above it (role.access)."""
    m = ran(name)
    far = 0x60_0000                                       # not under the entry that L2's own tables lie below
    for page in (0, 0x1000):
        m.map("L2", 0xC0_0000 + page, far + page, root=L2_CR3, eptp=EPT12)
        m.map("ept12", far + page, far + page)
    m.run("vmresume", "store 0xc00000, 5", "store 0xc01000, 6", "vmcall")
    m.set("ept12", far, m.entry("ept12", far, table_level=2) & ~2, table_level=2)
    m.run("vmresume")
    assert values(m.run("load 0xc00000")) == [5]
    m.run("store 0xc01000, 7")
    assert not m.vcpu.guest_mode
    assert (m.vmread("EXIT_QUALIFICATION"), m.vmread("GUEST_PHYSICAL_ADDRESS")) == (0x1AA, far + 0x1000)


@pytest.mark.parametrize("name", KERNELS)
def test_a_sync_gives_no_right_that_the_entries_above_withhold(name: str) -> None:
    m = Machine(name).given_vmx().given_l2()
    m.set("ept12", DATA, m.entry("ept12", DATA, table_level=2, root=EPT12) & ~4, table_level=2, root=EPT12)   # no execution
    m.set("ept12", DATA, DATA | 0x31, root=EPT12)
    m.enter()
    m.run(LOAD, "vmcall")
    m.set("ept12", DATA, DATA | 0x37)
    m.run("invept all-context", "vmresume")
    assert values(m.run(LOAD)) == [0]
    m.run(f"fetch {L2_PAGE:#x}")
    assert not m.vcpu.guest_mode


@pytest.mark.parametrize(("bit", "access", "right"), [(ept.ACCESSED, LOAD, 0), (ept.DIRTY, STORE, ept.WRITE)])
def test_a_cleared_flag_of_ept12_is_set_again_after_a_sync(bit: int, access: str, right: int) -> None:
    m = ran(V6_12, EPT12 | 0x5E)
    assert m.entry("ept12", DATA) & (ept.ACCESSED | ept.DIRTY) == 0x300
    m.set("ept12", DATA, m.entry("ept12", DATA) & ~bit)
    m.run("invept all-context", "vmresume")
    m.run(access)
    assert m.entry("ept12", DATA) & bit


def test_a_table_found_unsync_is_brought_up_to_date_without_being_protected() -> None:
    m = ran(V6_12)
    m.set("ept12", DATA, LEAF)
    (key,) = shadows_of(m.kvm, leaf_table(m) >> 12)
    upper = m.entry("ept12", DATA, table_level=2)
    m.set("ept12", DATA, 0, table_level=2)                # the shadow of the table is unlinked
    m.set("ept12", DATA, upper, table_level=2)
    m.run("vmresume")
    events = m.run(LOAD)
    assert "kvm_mmu_find_shadow_page" in [event.by for event in of(events, RequestMade)]
    assert values(events) == [9]
    assert m.kvm.shadow_pages[key].unsync


@pytest.mark.parametrize(("name", "by"), [(V4_4, "MMU_SYNC"), ("v6.12 -65855ed8b034", "MMU_SYNC"), (V6_12, "TLB_FLUSH")])
def test_a_table_that_is_linked_again_is_brought_up_to_date_with_all_below_it(name: str, by: str) -> None:
    """L1 touches the top of EPT12, then takes a right from a last-level entry: no root load reaches the shadow of that."""
    m = ran(name)
    m.set("ept12", DATA, m.entry("ept12", DATA, table_level=4) ^ ept.DIRTY, table_level=4)
    m.set("ept12", DATA, DATA | 0x31)
    m.run("invept all-context", "vmresume")
    events = m.run(STORE)
    assert by in made(events)
    assert (m.vcpu.guest_mode, m.vmread("EXIT_QUALIFICATION")) == (False, 0x18A)
    assert not any(page.unsync for _, page in m.kvm.shadow_pages.items())


@pytest.mark.parametrize("name", KERNELS)
def test_a_new_shadow_protects_its_table_and_flushes_what_could_write_to_it(name: str) -> None:
    """L1 wrote to its EPT12 root before L2 ran: EPT01 had it writable."""
    m = Machine(name).given_vmx().given_l2()
    m.map("L1", L1_PAGE, EPT12)
    m.run(f"invlpg {L1_PAGE:#x}", f"store {L1_PAGE + 0xFF8:#x}, 0")
    events = m.enter()
    assert ("TLB_FLUSH", "account_shadowed") in [(event.name, event.by) for event in of(events, RequestMade)]
    assert decided(events, "kvm_vcpu_exit_request")[0][0] == "yes"        # made after the requests were served: once more


def test_direct_pages_need_no_table_of_the_guest() -> None:
    m = Machine().given_vmx()
    m.run(f"load {L1_PAGE:#x}")
    keys = [key for key, _ in m.kvm.shadow_pages.items()]
    assert {key.direct for key in keys} == {True}
    assert sorted({key.level for key in keys}) == [1, 2, 3, 4]
    assert all(key.gfn % (1 << 9 * key.level) == 0 for key in keys)
    assert not of(m.run(f"store {L1_PAGE:#x}, 1"), VmExited)
