"""Shadow paging: a #PF is the guest's own, or KVM fills in what lags behind."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, Machine, exits, made, of, values
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import paging
from kvmdbg.machine.hw.controls import CR0_WP, CR4_PCIDE
from kvmdbg.machine.hw.events import Accessed, Delivered
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.paging import PAGE_2M
from kvmdbg.machine.hw.tlbkey import LINEAR
from kvmdbg.machine.kvm.events import ExceptionInjected
from kvmdbg.machine.kvm.state import INVALID_PAGE

EXCEPTION = 0
NAMES = ("v3.1", "v4.3", "v4.4", "v4.15", "v5.7", "v5.8", "v5.13", "v5.14", "v5.16", "v6.12")
OTHER_PAGE = 0x50_0000


def shadowed(name: str = "v6.12", **config: object) -> Machine:
    """L1 without EPT, with a page mapped."""
    m = Machine(name, enable_ept=False, **config)
    m.map("L1", L1_PAGE, L1_PAGE)
    return m


def faults(events: list[object]) -> list[tuple[int, int]]:
    """(error code, address) of each #PF that KVM gave its guest."""
    return [(event.error_code, event.address) for event in of(events, ExceptionInjected)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("vpid", [True, False], ids=["vpid", "novpid"])
def test_the_first_access_fills_the_shadow_and_the_next_needs_nobody(name: str, vpid: bool) -> None:
    m = shadowed(name, enable_vpid=vpid)
    events = m.run(f"store {L1_PAGE:#x}, 5", f"load {L1_PAGE:#x}")
    assert (values(events), exits(events), faults(events)) == ([5, 5], [EXCEPTION], [])
    assert (m.stat("pf_taken"), m.stat("pf_fixed")) == (m.kvm.era.counts_pf_taken(), 1)
    assert m.cached(LINEAR, L1_PAGE) == [(int(vpid), -1)] and not m.cpu.eptp
    assert m.cpu.cr3 == m.root_mmu.root.hpa and m.vcpu.cr3 == 0x1000 == m.root_mmu.root.pgd


def test_the_guest_sees_its_accessed_and_dirty_flags() -> None:
    m = shadowed()
    m.run(f"load {L1_PAGE:#x}")
    assert m.entry("L1", L1_PAGE) & (paging.A | paging.D) == paging.A
    events = m.run(f"store {L1_PAGE:#x}, 1")
    assert exits(events) == [EXCEPTION] and m.entry("L1", L1_PAGE) & paging.D
    assert all(m.entry("L1", L1_PAGE, level) & paging.A for level in (4, 3, 2))


@pytest.mark.parametrize(("flags", "access", "code"), [("u", "fetch", 0x11), ("rxu", "store", 0x3)])
def test_a_fault_that_the_tables_explain_goes_to_the_guest(flags: str, access: str, code: int) -> None:
    m = shadowed()
    m.map("L1", L1_PAGE, L1_PAGE, flags=flags)
    events = m.run(f"{access} {L1_PAGE:#x}{', 1' if access == 'store' else ''}")
    assert faults(events) == [(code, L1_PAGE)] and [event.vector for event in of(events, Delivered)] == [14]
    assert m.cpu.cr2 == L1_PAGE


def test_an_address_that_nothing_maps() -> None:
    m = shadowed()
    assert faults(m.run("load 0xdead000")) == [(0, 0xDEAD000)]


def test_a_reserved_bit() -> None:
    m = shadowed()
    m.set("L1", L1_PAGE, L1_PAGE | 1 << 50 | 7)
    assert faults(m.run(f"load {L1_PAGE:#x}")) == [(0x9, L1_PAGE)]


def test_without_write_protection_the_kernel_writes_to_a_read_only_page_that_user_mode_then_has_not() -> None:
    m = shadowed()
    m.map("L1", L1_PAGE, L1_PAGE, flags="rxu")
    m.run(f"mov cr0, {m.vcpu.cr0 & ~CR0_WP:#x}")
    events = m.run(f"store {L1_PAGE:#x}, 6")
    assert values(events) == [6] and not faults(events)
    (entry,) = [entry for key, entry in m.kvm.hw.tlb[0].items() if key.page == L1_PAGE]
    assert entry.write and not entry.user


def test_a_large_page_of_the_guest_is_made_of_small_ones() -> None:
    m = shadowed()
    m.map("L1", 0x80_0000, 0x80_0000, size=PAGE_2M)
    events = m.run("store 0x80a000, 3", "load 0x80a000", "load 0x80b000")
    assert values(events)[:2] == [3, 3] and exits(events) == [EXCEPTION] * 2
    assert m.kvm.gfn_of[of(events, Accessed)[0].pa & ~0xFFF] == 0x80A
    assert [key.direct for key, _ in m.kvm.shadow_pages.items() if key.gfn == 0x800] == [True]


def test_no_memory_behind_the_address() -> None:
    m = shadowed()
    m.map("L1", OTHER_PAGE, 0x8000_0000)
    m.run(f"load {OTHER_PAGE:#x}")
    assert m.vcpu.exit_to_user == "KVM_EXIT_MMIO (no memory at 0x80000000)"


@pytest.mark.parametrize("name", NAMES)
def test_a_write_to_an_upper_table_is_emulated_and_drops_what_was_made_of_it(name: str) -> None:
    m = shadowed(name)
    m.run(f"load {L1_PAGE:#x}")
    directory = m.entry("L1", L1_PAGE, 3) & paging.ADDRESS
    m.map("L1", OTHER_PAGE, directory)
    events = m.run(f"store {OTHER_PAGE + 8 * paging.index(L1_PAGE, 2):#x}, 0")
    assert m.stat("insn_emulation") == 1 and "TLB_FLUSH" in made(events)
    assert faults(m.run(f"load {L1_PAGE:#x}")) == [(0, L1_PAGE)]


def test_a_last_level_table_is_let_go_at_the_first_write_and_edited_freely() -> None:
    m = shadowed()
    m.run(f"load {L1_PAGE:#x}")
    table = m.entry("L1", L1_PAGE, 2) & paging.ADDRESS
    m.map("L1", OTHER_PAGE, table)
    at = OTHER_PAGE + 8 * paging.index(L1_PAGE, 1)
    assert exits(m.run(f"store {at:#x}, 0")) == [EXCEPTION]
    assert not exits(m.run(f"store {at + 8:#x}, 0")) and m.stat("insn_emulation") == 0
    assert any(page.unsync for _, page in m.kvm.shadow_pages.items())


def test_a_cr3_that_names_no_memory_is_a_triple_fault() -> None:
    m = shadowed()
    m.run("mov cr3, 0x100000000")
    assert m.vcpu.exit_to_user == "KVM_EXIT_SHUTDOWN (triple fault: CR3 0x100000000 names no memory)"
    assert m.root_mmu.root.hpa == INVALID_PAGE


def test_hardware_runs_with_write_protection_xd_and_the_guests_pcid() -> None:
    m = shadowed()
    m.run(f"mov cr0, {m.vcpu.cr0 & ~CR0_WP:#x}", f"mov cr4, {m.vcpu.cr4 | CR4_PCIDE:#x}", "mov cr3, 0x1003", "mov rax, cr3")
    assert m.cpu.cr0 & CR0_WP and not m.vcpu.cr0 & CR0_WP
    assert (m.cpu.cr3, m.cpu.rax) == (m.root_mmu.root.hpa | 3, 0x1003)


def test_before_v4_19_there_are_no_pcids() -> None:
    m = shadowed("v4.15")
    m.run(f"mov cr4, {m.vcpu.cr4 | CR4_PCIDE:#x}")
    assert not m.vcpu.cr4 & CR4_PCIDE


def test_another_paging_mode_is_refused_when_its_root_is_to_be_loaded() -> None:
    m = shadowed().given_vmx()
    m.given_l2(eptp=None, vpid=None, VM_ENTRY_CONTROLS=1 << 15, GUEST_IA32_EFER=0x800, GUEST_CR4=0x2090, GUEST_CS_AR_BYTES=0xC09B,
               GUEST_CR3=0x9_0000)
    m.run("vmclear 0x5000", "vmptrld 0x5000")
    with pytest.raises(Unsupported, match="32-bit paging"):
        m.run("vmlaunch")
    assert m.vcpu.guest_mode and m.vcpu.todo == ("vcpu_enter_guest",) and m.root_mmu.root.hpa == INVALID_PAGE


def test_a_page_fault_of_l2_is_for_l1_when_l1_asks_for_it() -> None:
    m = shadowed().given_vmx()
    m.given_l2(eptp=None, EXCEPTION_BITMAP=1 << 14)
    m.enter()
    m.run("load 0x800000")
    assert m.vcpu.guest_mode
    m.run("load 0xdead000")
    assert not m.vcpu.guest_mode
    assert (m.vmread("VM_EXIT_REASON"), m.vmread("EXIT_QUALIFICATION")) == (0, 0xDEAD000)
    assert m.vmread("VM_EXIT_INTR_INFO") & 0xFF == 14 and m.vmread("VM_EXIT_INTR_ERROR_CODE") == 0


def test_a_page_fault_of_l2_that_l1_does_not_ask_for() -> None:
    m = shadowed().given_vmx()
    m.given_l2(eptp=None)
    m.enter()
    assert faults(m.run("load 0xdead000")) == [(0, 0xDEAD000)] and m.vcpu.guest_mode


@pytest.mark.parametrize("name", NAMES)
def test_l2_runs_on_a_shadow_of_its_own_tables(name: str) -> None:
    m = shadowed(name).given_vmx()
    m.given_l2(eptp=None, vpid=None)
    m.enter()
    assert values(m.run("store 0x800000, 9", "load 0x800000")) == [9, 9]
    assert m.vcpu.cr3 == 0x4_0000 and m.cpu.cr3 == m.root_mmu.root.hpa
    m.run("vmcall")
    assert m.vcpu.cr3 == 0x1000 and values(m.run(f"load {L1_PAGE:#x}")) == [0]
    assert m.kvm.hw.vmcs.get((m.vcpu.vmcs02, F.SECONDARY_VM_EXEC_CONTROL), 0) & 2 == 0


def test_an_entry_that_the_processor_refuses_leaves_l1_with_its_cr3() -> None:
    m = shadowed().given_vmx()
    m.given_l2(eptp=None, HOST_CR3=0x2000)
    m.run("vmclear 0x5000", "vmptrld 0x5000")
    m.kvm.hw.launch_state[m.vcpu.vmcs02] = "launched"
    m.run("vmlaunch")
    assert m.vcpu.cr3 == 0x1000 and not m.vcpu.guest_mode
