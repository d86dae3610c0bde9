"""INVVPID and INVEPT of L1: the operand, the types, and what each kernel flushes or frees (E.4, E.5)."""

from __future__ import annotations

import pytest

from kvm_support import (
    DATA,
    EPT12,
    EPTP_BITS,
    L1_PAGE,
    L2_PAGE,
    OTHER_EPT12,
    V4_3,
    V4_4,
    V6_12,
    VMCS,
    Machine,
    exceptions,
    flushes,
    made,
    of,
    pointed,
    results,
)
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.hw.tlbkey import COMBINED
from kvmdbg.machine.kvm.events import RootFreed, Stuck
from kvmdbg.machine.kvm.state import GUEST_MMU

# -- INVVPID (E.4) -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("insn", ["invvpid individual-address 1 0x5000", "invvpid single-context 1", "invvpid all-context",
                                  "invvpid single-context-retaining-globals 9"])
def test_v6_12_flushes_vpid02_whatever_vpid_is_named(insn: str) -> None:
    m = pointed(V6_12)
    wanted = "invvpid individual-address 2 @0x5000" if "individual" in insn else "invvpid single-context 2"
    events = m.run(insn)
    assert (results(events), flushes(events), made(events)) == (["invvpid ok"], [wanted], [])
    assert m.stat("tlb_flush") == 1                      # INVVPID is not counted; the first entry was


@pytest.mark.parametrize("insn", ["invvpid single-context 0", "invvpid single-context-retaining-globals 0",
                                  "invvpid individual-address 0 0", "invvpid individual-address 1 0x800000000000",
                                  "invvpid single-context 0x10001", "invvpid all-context 0x10000", "invvpid 4 1", "invvpid 66 1",
                                  "invvpid 0x100000001 1"])
def test_v6_12_refuses_a_bad_operand_with_error_28(insn: str) -> None:
    m = pointed(V6_12)
    events = m.run(insn)
    assert (results(events), flushes(events)) == (["invvpid 28"], [])
    assert m.vcpu.exit_to_user == ""


def test_v6_12_reads_16_bytes_of_descriptor() -> None:
    m = pointed(V6_12)
    m.poke(L1_PAGE, 3)
    m.poke(L1_PAGE + 8, 0x7000)
    assert flushes(m.run(f"invvpid individual-address @{L1_PAGE:#x}")) == ["invvpid individual-address 2 @0x7000"]


def test_v6_12_on_a_processor_without_individual_address_flushes_the_vpid() -> None:
    m = pointed(V6_12, caps=Caps(invvpid_types=(1, 2)))
    assert flushes(m.run("invvpid individual-address 1 0x5000")) == ["invvpid single-context 2"]


@pytest.mark.parametrize("name", [V4_3, "v4.4 -089d7b6ec515", V6_12])
def test_where_invvpid_is_not_offered_it_is_undefined(name: str) -> None:
    m = pointed(name, vpid=None, enable_vpid=name != V6_12)
    assert exceptions(m.run("invvpid all-context")) == [("#UD", 0)]


def test_v4_4_flushes_vpid02_and_the_current_root() -> None:
    m = pointed(V4_4)
    events = m.run("invvpid all-context")
    assert results(events) == ["invvpid ok"]
    assert flushes(events) == ["invvpid single-context 2", f"invept single-context {m.tag():#x}"]


def test_v4_4_looks_at_vmcs12s_vpid_instead_of_the_operand() -> None:
    """I-29: VMfail 28 without stepping over the instruction, so L1 repeats it for ever."""
    m = pointed(V4_4, vpid=0)
    events = m.run("invvpid all-context 5")
    assert of(events, Stuck) == [Stuck(0, "invvpid all-context, 5")]
    assert set(results(events)) == {"invvpid 28"}
    assert m.vcpu.exit_to_user.startswith("no progress")
    assert results(pointed(V4_4).run("invvpid all-context 0x10000")) == ["invvpid ok"]


def test_v4_4_without_a_current_vmcs_crashes_the_host() -> None:
    m = Machine(V4_4).given_vmx()
    m.run("invvpid all-context")
    assert m.vcpu.exit_to_user.startswith("host crash: NULL dereference in handle_invvpid()")


@pytest.mark.parametrize("name", [V4_4, "v4.4 +85c856b39b47"])
@pytest.mark.parametrize("insn", ["invvpid 7 1", "invvpid single-context 1", "invept 7 0", f"invept single-context {EPT12:#x}"])
def test_an_illegal_type_hangs_l1_until_v4_6(name: str, insn: str) -> None:
    """I-4."""
    m = pointed(name)
    events = m.run(insn)
    if name == V4_4:
        assert len(of(events, Stuck)) == 1
        assert m.vcpu.todo == ()
    else:
        assert results(events) == [f"{insn.split()[0]} 28"]
        assert m.vcpu.exit_to_user == ""


@pytest.mark.parametrize(("name", "insn", "bug"), [
    (V4_4, "invvpid 66 1", True), (V4_4, "invept 66 0", True), (V4_4, "invept 130 0", True), (V4_3, "invept 66 0", True),
    (V6_12, "invvpid 66 1", False), (V6_12, "invept 66 0", False)])
def test_a_type_that_aliases_an_offered_one_is_a_bug(name: str, insn: str, bug: bool) -> None:
    m = pointed(name)
    m.run(insn)
    assert m.vcpu.exit_to_user.startswith(f"BUG() in handle_{insn.split()[0]}()") == bug


# -- INVEPT (E.5) ------------------------------------------------------------------------------------------------------


def two_roots() -> Machine:
    """guest_mmu has EPT12's root and, current, OTHER_EPT12's; L1 runs."""
    m = pointed()
    for page in (DATA, 0x4_0000):
        m.map("ept12", page, page, root=OTHER_EPT12)
    m.run("vmlaunch", f"load {L2_PAGE:#x}", "vmcall", f"vmwrite EPT_POINTER, {OTHER_EPT12 | EPTP_BITS:#x}", "vmresume", "vmcall")
    return m


@pytest.mark.parametrize(("insn", "freed"), [
    (f"invept single-context {EPT12 | 0x1E:#x}", [EPT12]), (f"invept single-context {EPT12 | 0x5E:#x}", [EPT12]),
    (f"invept single-context {OTHER_EPT12 | 0x1E:#x}", [OTHER_EPT12]), ("invept single-context 0x7701e", []),
    ("invept all-context", [EPT12, OTHER_EPT12])])
def test_v6_12_frees_the_roots_of_that_ep4ta_and_flushes_nothing_by_itself(insn: str, freed: list[int]) -> None:
    m = two_roots()
    events = m.run(insn)
    assert results(events) == ["invept ok"]
    assert sorted(event.pgd & ~0xFFF for event in of(events, RootFreed)) == freed
    assert {event.mmu for event in of(events, RootFreed)} <= {GUEST_MMU}
    assert (flushes(events), made(events)) == ([], [])


def test_v6_12_flushes_when_the_freed_root_is_loaded_again() -> None:
    m = two_roots()
    m.run(f"invept single-context {EPT12 | EPTP_BITS:#x}", f"vmwrite EPT_POINTER, {EPT12 | EPTP_BITS:#x}")
    events = m.run("vmresume")
    assert flushes(events) == [f"invept single-context {m.tag(GUEST_MMU):#x}"]
    assert m.cached(COMBINED, L2_PAGE) == []


@pytest.mark.parametrize("insn", ["invept single-context 0x1001d", "invept single-context 0x10016", "invept single-context 0x1009e",
                                  "invept single-context 0x400000001e", "invept 0 0", "invept 3 0", "invept 66 0"])
def test_v6_12_refuses_a_bad_eptp_or_type_with_error_28(insn: str) -> None:
    m = two_roots()
    events = m.run(insn if "400000001e" not in insn else "invept single-context 0x400000000001e")
    assert (results(events), of(events, RootFreed)) == (["invept 28"], [])


@pytest.mark.parametrize("name", [V4_3, V4_4])
def test_v4_4_syncs_the_current_root_and_asks_for_a_full_flush(name: str) -> None:
    m = pointed(name)
    events = m.run("invept all-context")
    assert (results(events), made(events)) == (["invept ok"], ["TLB_FLUSH"])
    assert flushes(events) == ["invvpid single-context 1", f"invept single-context {m.tag():#x}"]
    assert of(events, RootFreed) == []


@pytest.mark.parametrize("name", [V4_4, "v4.4 +85c856b39b47 +45e11817d570"])
def test_single_context_invept_is_offered_since_v4_8(name: str) -> None:
    m = pointed(name)
    m.run(f"invept single-context {EPT12 | EPTP_BITS:#x}")
    assert (m.vcpu.exit_to_user == "") == (name != V4_4)


@pytest.mark.parametrize(("name", "error"), [("v6.12", "ok"), ("v6.12 -ae1e2d1082ae", "28")])
def test_the_eptp_of_invept_is_checked_with_what_l1_is_offered(name: str, error: str) -> None:
    """E.5, I-11: without A/D bits for L1, bit 6 is a reserved one, whatever the processor has."""
    m = Machine(name).given_vmx()
    m.given_l2()
    m.run(f"vmptrld {VMCS:#x}")
    assert results(m.run(f"invept single-context, {EPT12 | EPTP_BITS | 1 << 6:#x}")) == [f"invept {error}"]


@pytest.mark.parametrize("enable_ept", [True, False])
@pytest.mark.parametrize(("insn", "result"), [
    ("invvpid individual-address 1 0x5000", "ok"), ("invvpid single-context 1", "ok"), ("invvpid all-context", "ok"),
    ("invvpid single-context-retaining-globals 9", "ok"), ("invvpid single-context 0", "28"),
    ("invvpid single-context 0x10001", "28"), ("invvpid all-context 0x10000", "28"),
    ("invvpid individual-address 1 0x800000000000", "28"), ("invvpid 4 1", "28"),
    ("invvpid 66 1", "28")])
def test_invvpid_of_v4_15_is_invept_where_there_is_ept(insn: str, result: str, enable_ept: bool) -> None:
    """E.4, column E17: the hook for vpid02 takes the current root's EPTP when EPT is on (I-6)."""
    m = Machine("v4.15", enable_ept=enable_ept).given_vmx().given_l2(eptp=EPT12 if enable_ept else None)
    m.run(f"vmclear {VMCS:#x}", f"vmptrld {VMCS:#x}")
    events = m.run(insn)
    wanted = f"invept single-context {m.tag():#x}" if enable_ept else "invvpid single-context 2"
    assert results(events) == [f"invvpid {result}"]
    assert flushes(events) == ([wanted] if result == "ok" else [])
    assert m.vcpu.exit_to_user == ""


@pytest.mark.parametrize(("insn", "result"), [
    ("invept all-context", "ok"), (f"invept single-context {EPT12 | EPTP_BITS:#x}", "ok"), ("invept single-context 0x10016", "ok"),
    ("invept 3 0", "28"), ("invept 66 0", "28")])
def test_invept_of_v4_15_syncs_and_asks_for_a_full_flush(insn: str, result: str) -> None:
    """E.5, column E17: types 1 and 2 alike, and an EPTP that VM entry would refuse passes (I-11)."""
    m = pointed("v4.15")
    events = m.run(insn)
    assert results(events) == [f"invept {result}"]
    assert made(events) == (["TLB_FLUSH"] if result == "ok" else [])
    assert flushes(events) == ([f"invept single-context {m.tag():#x}"] if result == "ok" else [])
