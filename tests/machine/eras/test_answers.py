"""Who answers what."""

from __future__ import annotations

import pytest

from kvm_support import KERNELS
from kvmdbg.machine.eras.answers import answer, answered_by, deciding, meaning_of, questions, said, subject_of, value, value_text
from kvmdbg.machine.eras.commit import COMMITS, Commit
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.era import Era


def commit(digits: str) -> Commit:
    return COMMITS[digits]


def test_every_question_has_a_subject_and_a_meaning() -> None:
    assert {subject_of(name) for name in questions()} >= {"nested", "requests", "flushes", "roots", "statistics"}
    assert all(meaning_of(name) for name in questions())
    assert "name" not in questions() and len(set(questions())) == len(questions())


def test_a_missing_commit_decides_and_the_one_before_it_said_so_first() -> None:
    old, new = answer(kernel("v4.4"), "transition_flush"), answer(kernel("v6.12"), "transition_flush")
    assert old.lacked and old.lacked[0].order > commit("5c614b3583e7").order and old.since is commit("5c614b3583e7")
    assert not new.lacked and new.since is deciding("transition_flush")[-1]
    assert new.methods == (vars(Era.__mro__[[subject_of("transition_flush") in one.__module__ for one in Era.__mro__].index(True)])
                           ["transition_flush"],)


def test_a_commit_that_is_there_out_of_order_is_counted() -> None:
    era = kernel("v4.3 +5c614b3583e7")
    assert answer(era, "has_vpid02").lacked == () and answer(era, "has_vpid02").since is commit("5c614b3583e7")
    assert answer(kernel("v4.3"), "has_vpid02").lacked == (commit("5c614b3583e7"),)


@pytest.mark.parametrize("name", KERNELS)
def test_the_first_method_is_the_one_that_runs(name: str) -> None:
    era = kernel(name)
    for question in questions():
        assert getattr(type(era), question) is answer(era, question).methods[0]


def test_every_commit_decides_something() -> None:
    for entry in COMMITS:
        assert all(entry in deciding(question) for question in answered_by(entry))
    assert "has_vpid02" in answered_by(commit("5c614b3583e7"))


def test_plain_answers_are_values() -> None:
    old, new = kernel("v4.3"), kernel("v6.12")
    assert value(new, "has_vpid02") == (True,) and value(new, "offers_vpid_to_l1") == (False, True)
    assert value(new, "transition_flush") is None
    assert value_text(old, "offers_vpid_to_l1") == "no"
    assert value_text(new, "offers_vpid_to_l1") == "if enable_vpid"
    assert value_text(new, "guest_flush_is_vpid02") == "if guest_mode and has_vpid12"
    assert value_text(new, "nested_invvpid_types") == "enable_vpid=0: none, enable_vpid=1: 0, 1, 2, 3"
    assert value_text(new, "nested_invept_types") == "1, 2" and value_text(new, "transition_flush") == "depends on t"
    assert value_text(new, "request_bits").endswith(" entries") and said(()) == "none"
