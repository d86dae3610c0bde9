"""Fresh, stale, forbidden: the scenarios of the contract between software and hardware (architecture.md B, C)."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.controls import CR4_PCIDE
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.tlbkey import NONE, TlbKey
from kvmdbg.machine.kvm import kvm_host, nested_invalidate, shadow, tables, vmcs12_template
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import NO_FLUSH, TransitionFlush
from kvmdbg.oracle.selfcheck import check
from kvmdbg.oracle.verdict import FORBIDDEN, FRESH, STALE, describe, judge
from oracle.given import CR3_X, CR3_Y, DATA, EPT, KERNELS, L1_LA, L2_LA, OTHER, Machine, X

WRONG_VPID = "v6.12 -2b4a5a5d5688"       # a guest flush asked for with L2 on vpid02 hits vpid01 (kvm.md I-10)


def test_fresh_while_nothing_changes() -> None:
    machine = Machine().enter()
    verdicts = [judge(machine.kvm, machine.index, 0, key, machine.position) for key, _ in machine.kvm.hw.tlb[0].items()]
    assert {verdict.status for verdict in verdicts} == {FRESH} and len(verdicts) > 5
    assert all(verdict.made_stale_by is None and verdict.closed_by is None and not verdict.owed for verdict in verdicts)


@pytest.mark.parametrize("name", KERNELS)
def test_an_edited_pte_without_invlpg_is_stale_and_invlpg_ends_it(name: str) -> None:
    machine = Machine(name).enter()
    start = machine.position
    verdict = machine.map("L2", L2_LA, OTHER).verdict("combined", L2_LA)
    assert (verdict.status, verdict.component, verdict.owner, verdict.closed_by) == (STALE, "guest", "L2", None)
    assert verdict.made_stale_by is not None and verdict.made_stale_by[0] >= start and verdict.made_stale_by[1] == "L2"
    machine.run(f"load {L2_LA:#x}")
    assert machine.last_use(L2_LA).verdict.status == STALE
    machine.run(f"invlpg {L2_LA:#x}")
    assert machine.keys("combined", L2_LA) == []
    assert machine.run(f"load {L2_LA:#x}").verdict("combined", L2_LA).status == FRESH


def test_the_same_for_l1() -> None:
    machine = Machine().map("L1", L1_LA, OTHER)
    assert machine.verdict("combined", L1_LA)[:3] == (STALE, "guest", "L1")
    assert machine.run(f"invlpg {L1_LA:#x}", f"load {L1_LA:#x}").verdict("combined", L1_LA).status == FRESH


def test_an_edited_ept12_without_invept_is_stale_in_both_kinds() -> None:
    machine = Machine().enter().map("ept12", DATA, OTHER)
    for kind, page in (("combined", L2_LA), ("guest-physical", DATA)):
        assert machine.verdict(kind, page)[:3] == (STALE, "ept12", "ept12")


def test_invvpid_does_not_close_the_ept_component() -> None:
    """The guest-physical mapping survives INVVPID, and a combined one may be filled from it again: still allowed."""
    machine = Machine().enter().map("ept12", DATA, OTHER).leave()
    machine.run("invvpid single-context 1")
    assert machine.keys("combined", L2_LA) == [] and machine.keys("guest-physical", DATA)
    machine.run("vmresume", f"load {L2_LA:#x}", f"load {L2_LA:#x}")
    assert machine.verdict("combined", L2_LA)[:2] == (STALE, "ept12")
    assert machine.last_use(L2_LA).verdict.status == STALE


def test_invept_closes_it_and_kvm_has_until_the_next_entry_of_l2() -> None:
    machine = Machine().enter().map("ept12", DATA, OTHER).leave().run("invept single-context 0x1001e")
    verdict = machine.verdict("combined", L2_LA)
    assert verdict.status == STALE and verdict.owed == "handle_invept" and verdict.closed_by is not None
    machine.run("vmresume", f"load {L2_LA:#x}")
    assert machine.verdict("combined", L2_LA).status == FRESH


def test_a_freshly_mapped_page_is_never_stale() -> None:
    machine = Machine().enter().map("L2", L2_LA + 0x1000, OTHER).run(f"load {L2_LA + 0x1000:#x}")
    assert machine.verdict("combined", L2_LA + 0x1000).status == FRESH


# -- forbidden -----------------------------------------------------------------------------------------------------


def test_a_guest_flush_on_the_wrong_vpid() -> None:
    """L2 clears CR4.PCIDE, which KVM emulates; the flush hits vpid01, and L2 goes on with its old translation."""
    def use(name: str) -> Machine:
        machine = Machine(name).enter()
        cr4 = machine.kvm.cpu(machine.vcpu).cr4
        machine.run(f"mov cr4, {cr4 | CR4_PCIDE:#x}", f"load {L2_LA:#x}").map("L2", L2_LA, OTHER)
        return machine.run(f"mov cr4, {cr4:#x}", f"load {L2_LA:#x}")

    verdict = use(WRONG_VPID).last_use(L2_LA).verdict
    assert verdict[:3] == (FORBIDDEN, "guest", "L2") and verdict.owed == "kvm_post_set_cr4"
    assert verdict.closed_by is not None and verdict.closed_by[1] == "L2's MOV CR4, emulated"
    assert verdict.made_stale_by is not None and verdict.filled_at < verdict.made_stale_by[0] < verdict.closed_by[0]
    assert FORBIDDEN not in use("v6.12").statuses()


def test_a_vpid_given_to_another_guest_context() -> None:
    def use(name: str) -> Machine:
        machine = Machine(name).enter().leave().run("vmwrite VIRTUAL_PROCESSOR_ID, 9", "vmresume")
        return machine.run(f"load {L2_LA:#x}", f"load {L2_LA:#x}")

    verdict = use(WRONG_VPID).last_use(L2_LA).verdict
    assert verdict[:3] == (FORBIDDEN, "tag", "L0") and verdict.owed == "nested_vmx_transition_tlb_flush"
    assert "VPID 0x1" in verdict.text and "VPID 0x9" in verdict.text
    assert FORBIDDEN not in use("v6.12").statuses()


def test_an_invvpid_that_flushes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested_invalidate, "vpid_sync_context", lambda kvm, vcpu, vpid: None)
    machine = Machine().enter().map("L2", L2_LA, OTHER).leave().run("invvpid single-context 1")
    assert machine.verdict("combined", L2_LA).status == STALE
    machine.run("vmresume", f"load {L2_LA:#x}")
    verdict = machine.last_use(L2_LA).verdict
    assert verdict[:2] == (FORBIDDEN, "guest") and verdict.owed == "handle_invvpid"


def test_invvpid_before_the_edit_counts_as_the_guest_did_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested_invalidate, "vpid_sync_context", lambda kvm, vcpu, vpid: None)
    machine = Machine().enter().leave().run("invvpid single-context 1").map("L2", L2_LA, OTHER, root=0x4_0000, eptp=0x1_0000)
    assert machine.run("vmresume", f"load {L2_LA:#x}").last_use(L2_LA).verdict.status == FORBIDDEN


def test_invvpid_of_another_vpid_closes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested_invalidate, "vpid_sync_context", lambda kvm, vcpu, vpid: None)
    machine = Machine().enter().map("L2", L2_LA, OTHER).leave().run("invvpid single-context 2", "vmresume", f"load {L2_LA:#x}")
    assert machine.last_use(L2_LA).verdict.status == STALE


def test_an_invept_that_frees_no_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested_invalidate, "free_roots_of", lambda kvm, vcpu, type, eptp: None)
    machine = Machine().enter().map("ept12", DATA, OTHER).leave().run("invept all-context", "vmresume", f"load {L2_LA:#x}")
    verdict = machine.last_use(L2_LA).verdict
    assert verdict[:3] == (FORBIDDEN, "ept12", "ept12") and verdict.owed == "handle_invept"


def test_a_transition_without_vpid_that_flushes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With vmcs12's VPID off, L1 may rely on its own VPID 0 translations being gone after L2 has run."""
    decision = TransitionFlush(NO_FLUSH, "", "flush?", "broken on purpose", "nested_vmx_transition_tlb_flush", "")
    monkeypatch.setattr(Era, "transition_flush", lambda era, t: decision)
    machine = Machine(vpid=False).run("vmptrld 0x5000", "vmlaunch", "vmcall", f"load {L1_LA:#x}").map("L1", L1_LA, OTHER)
    machine.run("vmresume", "vmcall", f"load {L1_LA:#x}")
    verdict = machine.last_use(L1_LA).verdict
    assert verdict[:3] == (FORBIDDEN, "guest", "L1") and verdict.owed == "nested_vmx_transition_tlb_flush"


def test_write_protection_without_its_flush() -> None:
    """KVM takes W from an SPTE and asks for no flush: allowed until it enters the guest with that EPT pointer again."""
    machine = Machine().enter()
    shadow.rmap_write_protect(machine.kvm, DATA >> 12)
    assert machine.verdict("combined", L2_LA)[:3] == (STALE, "host", "L0")
    machine.leave().run("vmresume", f"load {L2_LA:#x}")
    verdict = machine.last_use(L2_LA).verdict
    assert verdict[:3] == (FORBIDDEN, "host", "L0")
    assert verdict.owed in ("rmap_write_protect", "kvm_flush_remote_tlbs") and verdict.closed_by is not None


def test_write_protection_with_its_flush() -> None:
    machine = Machine().enter()
    shadow.rmap_write_protect(machine.kvm, DATA >> 12)
    kvm_host.kvm_flush_remote_tlbs(machine.kvm, "test")
    assert FORBIDDEN not in machine.leave().run("vmresume", f"load {L2_LA:#x}").statuses()


# -- what cannot be judged -----------------------------------------------------------------------------------------


def test_nothing_cached_nothing_judged() -> None:
    machine = Machine()
    key = machine.keys("combined", L1_LA)[0]
    with pytest.raises(UserError, match="has no combined mapping of 0x400000"):
        judge(machine.kvm, machine.index, 0, key, 0)


def test_words_for_a_translation() -> None:
    assert describe(TlbKey("combined", 2, 0, 0x10, 0x80_0000, 0x1000)) == "combined mapping of 0x800000 vpid 2 ep4ta 0x10"
    assert describe(TlbKey("guest-physical", NONE, NONE, 0x10, 0, 0x1000)) == "guest-physical mapping of 0x0 ep4ta 0x10"


def test_a_pdpte_in_memory_makes_nothing_stale_until_cr3_is_loaded() -> None:
    """PAE paging starts at registers: what memory at CR3 holds is nobody's translation."""
    machine = Machine()
    fields = {F.VM_ENTRY_CONTROLS: 1 << 15, F.GUEST_IA32_EFER: 0, F.GUEST_CR3: CR3_X, F.EPT_POINTER: EPT, F.VIRTUAL_PROCESSOR_ID: 1,
              F.GUEST_PDPTR0: CR3_Y | 1}
    vmcs12_template.prepare(machine.kvm, machine.vcpu, X, fields)
    machine.run(f"vmptrld {X:#x}")
    for cell in (CR3_X, CR3_Y):
        tables.write_entry(machine.kvm, machine.vcpu, "L2", cell, 0, None)
    tables.write_entry(machine.kvm, machine.vcpu, "L2", CR3_X, CR3_Y | 1, None)
    machine.map("L2", L2_LA, DATA, flags="rwxu")
    machine.run("vmlaunch", f"load {L2_LA:#x}")
    assert machine.verdict("combined", L2_LA).status == "fresh"
    tables.write_entry(machine.kvm, machine.vcpu, "L2", CR3_X, 0, None)
    assert machine.verdict("combined", L2_LA).status == "fresh"
    start = machine.position
    machine.run(f"load {L2_LA:#x}")
    assert [use.verdict.status for use in machine.uses(start)] == ["fresh"]
    tables.write_entry(machine.kvm, machine.vcpu, "L2", CR3_Y + 8 * (L2_LA >> 21), 0, None)
    assert machine.verdict("combined", L2_LA).status == "stale"
    check(machine.kvm, machine.index)
