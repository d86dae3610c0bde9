"""Cached roots of EPT12."""

from __future__ import annotations

from casework import observe
from kvmdbg.session.cases.fact import check

ROOTS = {"roots": "cached shadow-EPT roots for EPTP A (A/D on), A (A/D off) and B"}


def test_single_context_drops_both_of_the_same_table() -> None:
    (step,) = observe("L1: invept type=1 eptp=A|AD", given=ROOTS)
    assert check(step, "dropped_roots", ["A|AD", "A"]) == check(step, "kept_roots", ["B"]) == ""
    assert check(step, "dropped_roots", ["A"]) == "0x40001e, 0x40005e"
    assert check(step, "kept_roots", "none") == "0x48001e"
    assert check(step, "dropped_roots", "all") == "dropped 0x40001e, 0x40005e, kept 0x48001e"


def test_all_contexts_drop_all() -> None:
    (step,) = observe("L1: invept type=2 eptp=0", given=ROOTS)
    assert check(step, "dropped_roots", "all") == check(step, "kept_roots", "none") == ""
    assert check(step, "kept_roots", "all") == "kept none, 3 freed"


def test_nothing_is_dropped_by_what_invalidates_nothing() -> None:
    (step,) = observe("L1: nop", given=ROOTS)
    assert check(step, "dropped_roots", "none") == check(step, "kept_roots", "all") == ""
    assert check(step, "dropped_roots", "all") == "dropped none, kept 0x40001e, 0x40005e, 0x48001e"
