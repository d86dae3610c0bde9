"""VMFUNC of L2 (kvm.md E.6)."""

from __future__ import annotations

import pytest

from kvm_support import (
    DATA,
    EPT12,
    EPTP_BITS,
    L2_CR3,
    L2_PAGE,
    OTHER_EPT12,
    V6_12,
    VMCS,
    Machine,
    exits,
    flushes,
    made,
    names,
    of,
    results,
    served,
    values,
)
from kvmdbg.machine.hw.controls import (
    CR4_PAE,
    CR4_VMXE,
    EFER_NXE,
    ENTRY_LOAD_IA32_EFER,
    SEC_ENABLE_EPT,
    SEC_ENABLE_VMFUNC,
    SEC_ENABLE_VPID,
)
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm import tables
from kvmdbg.machine.kvm.events import ExceptionInjected, GuestInvalidated, RootAllocated, RootFreed, RootReused

LIST = 0x2_0000
SEEN_BY_A, SEEN_BY_B = 0xA, 0xB
OTHER_DATA = DATA + 0x1_0000
SWITCHING = ("v4.15", "v5.7", "v5.8", "v5.10", "v5.13", "39353ab5790b^", "39353ab5790b", "v5.14", "v5.16", V6_12)
FAST = ("39353ab5790b", "v5.14", "v5.16", V6_12)
SLOW = ("v4.15", "v5.7", "v5.8", "v5.10", "v5.13", "39353ab5790b^")
A, B = EPT12 | EPTP_BITS, OTHER_EPT12 | EPTP_BITS
L2_TABLES = range(0x2000_0000, 0x2000_8000, 0x1000)        # where the words of the debugger put L2's lower tables


def in_l2(name: str = V6_12, vpid: int | None = 1, functions: int = 1, entries: tuple[int, ...] = (A, B, A, B & ~7 | 2),
          **fields: int) -> Machine:
    """L2 under EPTP A; L2_PAGE holds SEEN_BY_A there and SEEN_BY_B under B.  entries: the EPTP list."""
    secondary = SEC_ENABLE_EPT | SEC_ENABLE_VMFUNC | (SEC_ENABLE_VPID if vpid else 0)
    m = Machine(name).given_vmx()
    controls = {"SECONDARY_VM_EXEC_CONTROL": secondary, "VM_FUNCTION_CONTROL": functions, "EPTP_LIST_ADDRESS": LIST}
    m.given_l2(vpid=vpid, **controls | fields)
    for page in (L2_CR3, *L2_TABLES):
        m.map("ept12", page, page, root=OTHER_EPT12)
    m.map("ept12", DATA, OTHER_DATA, root=OTHER_EPT12)
    m.poke(DATA, SEEN_BY_A)
    m.poke(OTHER_DATA, SEEN_BY_B)
    for i, entry in enumerate(entries):
        m.poke(LIST + 8 * i, entry)
    m.run(f"vmptrld {VMCS:#x}", "vmlaunch")
    assert m.vcpu.guest_mode
    return m


def seen(m: Machine) -> int:
    (value,) = values(m.run(f"load {L2_PAGE:#x}"))
    return int(value)


@pytest.mark.parametrize("vpid", [1, None], ids=["VPID", "no VPID"])
@pytest.mark.parametrize("name", SWITCHING)
def test_a_switch_and_back(name: str, vpid: int | None) -> None:
    m = in_l2(name, vpid)
    assert seen(m) == SEEN_BY_A
    assert exits(m.run("vmfunc 0, 1"))[0] == 59
    assert m.vcpu.guest_mode and seen(m) == SEEN_BY_B
    m.run("vmfunc 0, 0")
    assert seen(m) == SEEN_BY_A
    m.run("vmcall")
    assert m.vmread("EPT_POINTER") == A


@pytest.mark.parametrize("name", FAST)
def test_the_fast_switch_keeps_the_roots(name: str) -> None:
    """39353ab5790b: a cached root is taken up again, L1's own root is not touched."""
    m = in_l2(name)
    seen(m)
    mine = m.root_mmu.root
    m.run("vmfunc 0, 1")
    seen(m)
    events = m.run("vmfunc 0, 0")
    assert names(of(events, RootFreed, RootAllocated, RootReused)) == ["RootReused"]
    assert (made(events), served(events), flushes(events)) == (["LOAD_MMU_PGD"], ["LOAD_MMU_PGD"], [])
    assert m.root_mmu.root == mine


@pytest.mark.parametrize("name", SLOW)
def test_before_every_root_was_freed(name: str) -> None:
    """E.6, rows E17 and v5.13; with prev_roots (v4.19) L1's own root goes as well."""
    m = in_l2(name)
    seen(m)
    m.run("vmfunc 0, 1")
    seen(m)
    events = m.run("vmfunc 0, 0")
    assert names(of(events, RootFreed, RootAllocated)) == ["RootFreed", "RootAllocated"]
    assert any("invept" in flush for flush in flushes(events))
    assert "MMU_RELOAD" in made(events) if name in ("v5.13", "39353ab5790b^") else made(events) == []
    assert m.root_mmu.root.hpa != m.guest_mmu.root.hpa


@pytest.mark.parametrize(("name", "vpid", "request_made"), [
    ("39353ab5790b", 1, False), ("39353ab5790b", None, True), (V6_12, 1, False), (V6_12, None, True)])
def test_without_vpid_the_guests_view_is_flushed(name: str, vpid: int | None, request_made: bool) -> None:
    m = in_l2(name, vpid)
    seen(m)
    m.run("vmfunc 0, 1")
    seen(m)
    events = m.run("vmfunc 0, 0")
    assert ("TLB_FLUSH_GUEST" in made(events)) == request_made
    assert bool([flush for flush in flushes(events) if flush.startswith("invvpid")]) == request_made
    assert [event.by for event in of(events, GuestInvalidated)] == (["vmfunc"] if request_made else [])


@pytest.mark.parametrize("name", SWITCHING)
def test_the_eptp_in_use_is_no_switch(name: str) -> None:
    m = in_l2(name)
    events = m.run("vmfunc 0, 2")
    assert (made(events), flushes(events), m.vcpu.guest_mode) == ([], [], True)


@pytest.mark.parametrize("text", ["vmfunc 0, 512", "vmfunc 1, 0", "vmfunc 0, 3", "vmfunc 32, 0", "vmfunc 63, 0"])
@pytest.mark.parametrize("name", SWITCHING)
def test_what_fails_is_l1s_exit(name: str, text: str) -> None:
    m = in_l2(name)
    m.run(text)
    assert not m.vcpu.guest_mode
    assert (m.vmread("VM_EXIT_REASON"), m.vmread("EPT_POINTER")) == (59, A)


def test_a_list_that_is_no_memory() -> None:
    m = in_l2(EPTP_LIST_ADDRESS=0x7FFF_F000)
    m.run("vmfunc 0, 0")
    assert m.vmread("VM_EXIT_REASON") == 59


def test_a_function_that_no_processor_has_is_undefined_without_an_exit_to_kvm() -> None:
    m = in_l2()
    assert [event.vector for event in of(m.run("vmfunc 64, 0"), ExceptionInjected)] == ["#UD"]


@pytest.mark.parametrize("name", ["v3.2", "v4.4", *SWITCHING])
def test_l1_itself_has_none(name: str) -> None:
    """By the processor before v4.14, by KVM since."""
    m = Machine(name).given_vmx()
    assert [event.vector for event in of(m.run("vmfunc 0, 0"), ExceptionInjected)] == ["#UD"]


@pytest.mark.parametrize("name", ["v4.15", V6_12])
def test_an_l2_without_the_control_has_none(name: str) -> None:
    m = Machine(name).start()
    assert [event.vector for event in of(m.run("vmfunc 0, 0"), ExceptionInjected)] == ["#UD"]


@pytest.mark.parametrize(("name", "caps", "fields"), [
    ("v4.4", Caps(), {}), (V6_12, Caps(vmfunc=False), {}), (V6_12, Caps(), {"VM_FUNCTION_CONTROL": 2}),
    (V6_12, Caps(), {"EPTP_LIST_ADDRESS": 0x123}), ("41ab93727467^", Caps(), {}),
    (V6_12, Caps(), {"SECONDARY_VM_EXEC_CONTROL": SEC_ENABLE_VMFUNC})])
def test_entry_checks(name: str, caps: Caps, fields: dict[str, int]) -> None:
    """E.1: EPTP switching needs EPT and a page-aligned list; L1 sees only what its kernel offers."""
    m = Machine(name, caps).given_vmx()
    given = {"SECONDARY_VM_EXEC_CONTROL": SEC_ENABLE_EPT | SEC_ENABLE_VMFUNC, "VM_FUNCTION_CONTROL": 1, "EPTP_LIST_ADDRESS": LIST}
    m.given_l2(vpid=None, **given | fields)
    m.run(f"vmptrld {VMCS:#x}")
    assert results(m.run("vmlaunch")) == ["vmlaunch 7"]


# -- A/D bits and PDPTEs (I-8) -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "follows"), [("v5.10", False), ("39353ab5790b^", False), ("39353ab5790b", True), (V6_12, True)])
def test_the_role_follows_the_ad_bit(name: str, follows: bool) -> None:
    m = in_l2(name, entries=(A, B | 1 << 6))
    m.run("vmfunc 0, 1")
    assert m.guest_mmu.role.ad_disabled != follows
    assert seen(m) == SEEN_BY_B


LA = 0xC060_1000


def pae_l2(name: str) -> Machine:
    """An L2 in PAE paging whose PDPT page has other contents under B, where LA leads to other data."""
    cr4 = CR4_PAE | CR4_VMXE
    m = Machine(name).given_vmx()
    m.given_l2(SECONDARY_VM_EXEC_CONTROL=SEC_ENABLE_EPT | SEC_ENABLE_VMFUNC | SEC_ENABLE_VPID, VM_FUNCTION_CONTROL=1,
               EPTP_LIST_ADDRESS=LIST, VM_ENTRY_CONTROLS=ENTRY_LOAD_IA32_EFER, GUEST_IA32_EFER=EFER_NXE, GUEST_CR4=cr4,
               CR4_READ_SHADOW=cr4)
    for i, entry in enumerate((A, B)):
        m.poke(LIST + 8 * i, entry)
    m.run(f"vmptrld {VMCS:#x}")
    tables.write_entry(m.kvm, m.vcpu, "L2", L2_CR3, 0, None)
    m.map("L2", LA, DATA)
    pdpte = tables.read_entry(m.kvm, m.vcpu, "L2", L2_CR3 + 24)
    m.run(f"vmwrite GUEST_PDPTR3, {pdpte:#x}")
    for page in (DATA, *L2_TABLES):
        m.map("ept12", page, page, root=OTHER_EPT12)
    m.map("ept12", L2_CR3, OTHER_DATA, root=OTHER_EPT12)          # under B the PDPT page is an empty one
    m.poke(DATA, SEEN_BY_A)
    m.run("vmlaunch")
    return m


@pytest.mark.parametrize(("name", "kept"), [("v4.15", False), ("v5.10", False), ("39353ab5790b^", False), ("39353ab5790b", True),
                                            (V6_12, True)])
def test_the_pdptes_of_l2_stay(name: str, kept: bool) -> None:
    m = pae_l2(name)
    before = m.cpu.pdptes
    assert before[3] and values(m.run(f"load {LA:#x}")) == [SEEN_BY_A]
    m.run("vmfunc 0, 1")
    assert (m.cpu.pdptes == before) == kept
    assert (values(m.run(f"load {LA:#x}")) == [SEEN_BY_A]) == kept
    m.run(f"mov cr3, {L2_CR3:#x}")
    assert m.cpu.pdptes == (0, 0, 0, 0)
