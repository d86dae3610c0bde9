"""EPT01: violations that KVM handles by itself."""

from __future__ import annotations

import pytest

from kvm_support import EPT12, KERNELS, L1_PAGE, L2_PAGE, V6_12, Machine, exits, made, values
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import ept
from kvmdbg.machine.hw.memory import read64
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.state import MmuRole
from kvmdbg.machine.kvm.tdp import make_spte

LOAD = f"load {L1_PAGE:#x}"


@pytest.mark.parametrize("name", KERNELS)
def test_a_cold_load_takes_one_violation_a_frame_and_a_second_load_none(name: str) -> None:
    """Four tables and the page: frames that EPT01 does not map yet."""
    m = Machine(name)
    m.map("L1", L1_PAGE, L1_PAGE)
    m.poke(L1_PAGE, 7)
    events = m.run(LOAD)
    assert (exits(events), values(events), made(events)) == ([48] * 5, [7], ["TLB_FLUSH", "STEAL_UPDATE"])
    assert (m.stat("pf_taken"), m.stat("pf_fixed")) == (5 if name == V6_12 else 0, 5)
    assert exits(m.run(LOAD)) == []


@pytest.mark.parametrize(("caps", "flags"), [(Caps(), ept.ACCESSED | ept.DIRTY), (Caps(ept_ad=False), 0)])
def test_a_direct_spte_has_all_rights_and_the_flags_that_the_root_uses(caps: Caps, flags: int) -> None:
    m = Machine(V6_12, caps)
    m.map("L1", L1_PAGE, L1_PAGE)
    m.run(LOAD)
    (address,) = m.kvm.rmap[L1_PAGE >> 12]
    assert read64(m.kvm.hw, address) == m.kvm.pages[L1_PAGE >> 12] | 0x77 | flags


@pytest.mark.parametrize(("rights", "writable", "ad_disabled", "low"), [
    (7, True, True, 0x77), (7, False, True, 0x75), (7, True, False, 0x377), (7, False, False, 0x175), (1, True, False, 0x171),
    (5, False, True, 0x75)])
def test_make_spte(rights: int, writable: bool, ad_disabled: bool, low: int) -> None:
    """Write-back and ignore-PAT always; A and D at once where the root has them, D only with W."""
    assert make_spte(0x7000, rights, writable, MmuRole("ept", True, ad_disabled)) == 0x7000 | low


@pytest.mark.parametrize(("insn", "what"), [("load", ""), ("store", ", 1"), ("fetch", "")])
def test_outside_the_memslot_user_space_gets_the_access(insn: str, what: str) -> None:
    m = Machine()
    m.map("L1", L1_PAGE, 0x5000_0000)
    m.run(f"{insn} {L1_PAGE:#x}{what}")
    assert m.vcpu.exit_to_user == "KVM_EXIT_MMIO (no memory at 0x50000000)"
    assert m.vcpu.todo == ()


def test_a_trapped_store_is_done_for_the_guest_and_stepped_over() -> None:
    m = Machine().start()
    m.run("vmcall")
    m.map("L1", L1_PAGE, EPT12)
    rip = m.cpu.rip
    m.run(f"invlpg {L1_PAGE:#x}", f"store {L1_PAGE + 0x800:#x}, 0x1234")
    assert (m.stat("insn_emulation"), m.cpu.rip - rip) == (1, 6)
    assert values(m.run(f"load {L1_PAGE + 0x800:#x}")) == [0x1234]


def test_a_page_walk_that_writes_to_a_protected_table_is_refused() -> None:
    """L1 uses the root of its EPT12 as its own PML4: the walk sets the accessed flag in a frame that KVM protects."""
    m = Machine().start()
    m.run("vmcall")
    m.map("L1", L2_PAGE, L1_PAGE, root=EPT12)
    m.run(f"mov cr3, {EPT12:#x}")
    m.program(f"load {L2_PAGE:#x}")
    with pytest.raises(Unsupported, match="write-protected table"):
        m.step_to("never")
