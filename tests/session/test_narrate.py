"""Narration of a motion."""

from __future__ import annotations

from kvmdbg.session.narrate import TOLD, narration
from session_support import L2, session

S = session(*L2)


def test_nothing_when_off_or_backwards() -> None:
    assert narration(S.kvm, "off", 0, 50) is None and narration(S.kvm, "full", 50, 0) is None and narration(S.kvm, "full", 5,
                                                                                                            5) is None


def test_brief_is_a_part_of_full() -> None:
    brief, full = narration(S.kvm, "brief", 0, 50), narration(S.kvm, "full", 0, 50)
    assert brief is not None and full is not None and brief.style == "narration"
    assert set(brief.text.split("\n")) < set(full.text.split("\n")) and len(full.text.split("\n")) == 50


def test_a_long_story_is_cut_and_counted() -> None:
    told = narration(S.kvm, "full", 0, TOLD + 9)
    assert told is not None and told.text.endswith("... and 9 more") and told.text.count("\n") == TOLD
