"""why, by its words."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session.session import Session
from session.reruns import two_spaces
from session_support import say


def test_it_prints_chains_and_changes_nothing() -> None:
    s = two_spaces()
    before = s.tape.digest(), s.tape.cursor, list(s.words)
    assert "L2 cached the combined mapping of 0x800000" in say(s, "why L2 0x800000")
    assert "made KVM_REQ_TLB_FLUSH_GUEST" in say(s, "why TLB_FLUSH_GUEST")
    assert "EPT_POINTER became" in say(s, "why vmcs02.EPT_POINTER")
    assert "Every cached translation is fresh." in say(s, "why not flush")
    assert (s.tape.digest(), s.tape.cursor, s.words) == before


def test_it_is_completed() -> None:
    s = Session("v6.12")
    offered = {one.text for one in s.completions("why ")}
    assert {"not flush", "tlb[", "L2", "TLB_FLUSH_GUEST", "vmcs02."} <= offered
    assert "TLB_FLUSH_CURRENT" in {one.text for one in s.completions("why TLB_FLUSH_C")}


def test_something_must_be_named() -> None:
    with pytest.raises(UserError, match="missing"):
        Session("v6.12").execute("why")
