"""Host events as a person writes them."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.host_events import complete, parse_host_event


def test_a_host_event_with_and_without_its_vcpu() -> None:
    assert parse_host_event("request tlb_flush", 1, 0).text == "request vcpu0 tlb_flush"
    assert parse_host_event("request vcpu0, TLB_FLUSH", 1, 0)[1:3] == (0, ("TLB_FLUSH",))


@pytest.mark.parametrize(("text", "words", "hint"), [
    ("", "what happens on the host", "request"), ("requst TLB_FLUSH", "no host event 'requst'", "Did you mean request?"),
    ("request", r"operand 1 \(request\) is missing", "Write: host request"), ("request vcpu7 EVENT", "no vcpu7", "vcpu0 only"),
    ("request EVENT now", "'now' is one operand too many", "Write: host request")])
def test_what_is_wrong_is_said(text: str, words: str, hint: str) -> None:
    with pytest.raises(UserError, match=words) as refusal:
        parse_host_event(text, 1, 0)
    assert hint in refusal.value.hint


@pytest.mark.parametrize(("text", "found"), [("req", ["request"]), ("request TLB_FLUSH_G", ["TLB_FLUSH_GUEST"]),
                                             ("request vcpu0 TLB_FLUSH_G", ["TLB_FLUSH_GUEST"]), ("nothing x", [])])
def test_completion(text: str, found: list[str]) -> None:
    assert complete(text) == found
