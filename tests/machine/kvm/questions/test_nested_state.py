"""What the newest kernel answers about nested state and SMM."""

from __future__ import annotations

from kvmdbg.machine.kvm.questions.nested_state import NestedStateQuestions


def test_mainline() -> None:
    ask = NestedStateQuestions()
    assert ask.has_nested_state_ioctls() and ask.defers_pages_of_vmcs12() and ask.defers_pdptrs_of_l2()
    assert ask.nested_state_pages_request() == "GET_NESTED_STATE_PAGES"
    assert ask.unmappable_apic_page_is_an_error() and ask.has_smm() and ask.smi_leaves_guest_mode() and ask.rsm_sets_run_pending()
    assert not ask.apic_access_flushes_at_transitions(nested_ept=False, virtualizes=True)
