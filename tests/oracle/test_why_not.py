"""The decisions that said no."""

from __future__ import annotations

from kvmdbg.machine.kvm.events import Decided
from kvmdbg.oracle.why_not import refused, why_not_flush
from oracle.given import L1_LA, L2_LA, OTHER, Machine


def test_the_decisions_since_the_translation_became_stale() -> None:
    machine = Machine().enter()
    start = machine.position
    machine.map("L2", L2_LA, OTHER).leave().run("vmresume")
    links = why_not_flush(machine.kvm, machine.keys("combined", L2_LA)[0])
    assert {link.function for link in links} >= {"nested_vmx_transition_tlb_flush", "fast_pgd_switch"}
    assert all(link.position >= start and link.source for link in links)
    assert any("last_vpid 1 == vpid12 1" in link.text for link in links)


def test_of_a_forbidden_one_the_flush_that_was_owed_comes_first() -> None:
    machine = Machine("v6.12 -2b4a5a5d5688").enter().leave().run("vmwrite VIRTUAL_PROCESSOR_ID, 9", "vmresume")
    links = why_not_flush(machine.kvm, machine.keys("combined", L2_LA)[0])
    assert links[0].text.startswith("nested_vmx_transition_tlb_flush() owed a flush")
    assert any("which VPID is current? 1" in link.text for link in links[1:])


def test_nothing_was_decided_since() -> None:
    machine = Machine().map("L1", L1_LA, OTHER)
    assert why_not_flush(machine.kvm, machine.keys("combined", L1_LA)[0]) == ()


def test_which_decisions_leave_a_flush_out() -> None:
    key = Machine().keys("combined", L1_LA)[0]

    def decision(function: str, answer: str) -> Decided:
        return Decided(0, function, "?", answer, "", "")

    assert refused(decision("prepare_vmcs02", "no"), key) and not refused(decision("prepare_vmcs02", "yes: vpid01 1"), key)
    assert refused(decision("vmx_get_current_vpid", "2"), key) and not refused(decision("vmx_get_current_vpid", "1"), key)
    assert refused(decision("handle_invept", "0"), key) and not refused(decision("handle_invept", "1"), key)
    assert not refused(decision("kvm_vcpu_exit_request", "no"), key)
