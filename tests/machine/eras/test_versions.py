"""Kernels by name."""

from __future__ import annotations

from typing import Any

import pytest

from kvm_support import KERNELS, Machine, results
from kvmdbg.errors import UserError
from kvmdbg.machine.eras.commit import COMMITS
from kvmdbg.machine.eras.versions import MAINLINE, VERSIONS, changed, check_needs, kernel, lacking, missing_from, several
from kvmdbg.machine.kvm.era import Era

QUESTIONS = sorted(name for name in dir(Era) if not name.startswith("_") and name != "name")


def commits_in(era: Era) -> list[type]:
    """The Withouts that make up a kernel, the one that answers first in front."""
    return [klass for klass in type(era).__mro__[1:] if klass is not Era and issubclass(klass, Era)]


def session(name: str, **config: Any) -> Machine:
    """Each kind of thing once: both L2s, INVVPID, INVEPT, control registers, VMXOFF and again."""
    m = Machine(name, **config).given_vmx().given_l2().given_l2(0x6000, 2, 0x1_8000, cr3=0x4_8000)
    m.run("vmclear 0x6000")
    m.enter()
    m.run("load 0x800000", "store 0x800000, 3", "vmcall", "load 0x400000", "vmresume", "load 0x800000", "vmcall", "invvpid 2",
          "invept 2", "vmptrld 0x6000", "vmlaunch", "load 0x800000", "vmcall", "mov cr4, 0x20a8", "mov cr4, 0x1020a0",
          "mov cr0, 0x80040033", "vmwrite SECONDARY_VM_EXEC_CONTROL, 0", "vmwrite GUEST_CR3, 0x1000", "vmresume", "load 0x400000",
          "vmcall", "vmxoff", "vmxon 0x3000", "vmptrld 0x5000", "vmresume", "load 0x800000", "vmcall")
    return m


@pytest.mark.parametrize(("text", "name"), [("v4.4", "v4.4"), ("4.4", "v4.4"), (" v6.12 ", "v6.12"),
                                           ("v6.12 -2b4a5a5d5688", "v6.12 -2b4a5a5d5688"), ("6.12,-2b4a5", "v6.12 -2b4a5a5d5688"),
                                           ("v4.3 +5c614b3583e7", "v4.3 +5c614b3583e7"),
                                           ("eeeb4f67a6cd", "eeeb4f67a6cd"), ("eeeb4f6^", "eeeb4f67a6cd^")])
def test_a_kernel_is_named_by_version_and_commits(text: str, name: str) -> None:
    assert kernel(text).name == name


@pytest.mark.parametrize(("text", "words"), [
    ("", "no kernel was named"), ("v4.5", "'v4.5' is not known"), ("v6.12 2b4a5a5d5688", "is no commit"),
    ("v6.12 -", "is no commit"),
    ("v6.12 -1234567", "commit '1234567' is not known"), ("v6.12 +2b4a5a5d5688", "has 2b4a5a5d5688 already"),
    ("v4.4 -2b4a5a5d5688", "does not have 2b4a5a5d5688"), ("v5.14 -0baedd792713", "07ffaf343e34 needs 0baedd792713"),
    ("v4.3 +089d7b6ec515", "needs 5c614b3583e7"), ("v6.12 -2387149eade2", "needs 2387149eade2")])
def test_what_is_no_kernel_is_refused_with_what_would_be(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words.replace("+", r"\+")) as refusal:
        kernel(text)
    assert refusal.value.hint


def test_commits_are_reverted_and_applied_on_top_of_a_kernel() -> None:
    assert changed("v6.12", "-", ["2b4a5"]) == "v6.12 -2b4a5a5d5688"
    assert changed("v6.12 -2b4a5a5d5688", "+", ["2b4a5a5d5688"]) == "v6.12"
    assert changed("v4.3", "+", ["5c614b3583e7", "089d7b6ec515"]) == "v4.3 +5c614b3583e7 +089d7b6ec515"
    for name, sign, digits, words in (("v4.3", "+", "089d7b6ec515", "needs 5c614b3583e7"), ("v4.4", "-", "2b4a5", "does not have"),
                                      ("v6.12", "+", "2b4a5", "has 2b4a5a5d5688 already"), ("v6.12", "-", "12345", "is not known")):
        with pytest.raises(UserError, match=words):
            changed(name, sign, [digits])


def test_a_near_miss_is_guessed() -> None:
    with pytest.raises(UserError) as refusal:
        kernel("v6.1")
    assert refusal.value.hint.startswith("Did you mean v6.12?")


def test_mainline_lacks_only_what_is_newer_and_is_last() -> None:
    assert VERSIONS[-1].name == MAINLINE
    assert {entry.hash for entry in lacking(VERSIONS[-1])} == {entry.hash for entry in COMMITS if entry.order > 20241031}
    assert [version.release for version in VERSIONS] == sorted(version.release for version in VERSIONS)
    assert [version.date for version in VERSIONS] == sorted(version.date for version in VERSIONS)


def test_the_oldest_lacks_every_commit_newest_first() -> None:
    orders = [commit.order for commit in lacking(VERSIONS[0])]
    assert len(orders) == len(COMMITS)
    assert orders == sorted(orders, reverse=True)


def test_v4_4_is_v4_3_with_nested_vpid_and_two_requests() -> None:
    missing = missing_from("v4.3") - missing_from("v4.4")
    assert missing == {"5c614b3583e7", "089d7b6ec515", "7543a635aa09"}
    assert type(kernel("v4.3 +5c614b3583e7 +089d7b6ec515 +7543a635aa09")).__mro__[1:] == type(kernel("v4.4")).__mro__[1:]


def test_a_commit_names_mainline_as_of_it() -> None:
    assert missing_from("eeeb4f67a6cd^") - missing_from("eeeb4f67a6cd") == {"eeeb4f67a6cd"}
    assert missing_from("eeeb4f67a6cd") >= missing_from("v5.8")


def test_the_oldest_answer_is_on_top() -> None:
    """5c614b3583e7 and 14c07ad89f4d both answer the transition's question; v4.3 lacks both."""
    names = [klass.__module__.rsplit(".", 1)[-1] for klass in commits_in(kernel("v4.3"))]
    assert names.index("c5c614b3583e7") < names.index("c14c07ad89f4d")
    assert names[0] == "c7543a635aa09"              # July 2015, v4.4


def test_reverting_and_applying_are_the_same_as_not_having_and_having() -> None:
    assert commits_in(kernel("v4.4 +85c856b39b47")) == [
        klass for klass in commits_in(kernel("v4.4")) if not klass.__module__.endswith("c85c856b39b47")]


def test_needs_are_checked_over_the_whole_stack() -> None:
    check_needs(set())
    check_needs({commit.hash for commit in COMMITS})
    with pytest.raises(UserError, match="07ffaf343e34 needs 0baedd792713"):
        check_needs({"0baedd792713"})


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_but_the_name_can_be_asked_of_every_kernel(question: str) -> None:
    assert all(callable(getattr(kernel(name), question)) for name in KERNELS)


def every_kernel() -> list[str]:
    """The versions, and mainline as of just before each commit: what differs by one commit lies next to each other."""
    return [*KERNELS, *(f"{commit}^" for commit in COMMITS.names())]


@pytest.mark.parametrize("name", every_kernel())
def test_a_session_runs_on_every_kernel(name: str) -> None:
    m = session(name)
    assert (m.vcpu.exit_to_user, m.vcpu.guest_mode) == ("", False)
    assert results(m.run("vmxoff")) == ["vmxoff ok"]


@pytest.mark.parametrize("name", ["v6.12 -eeeb4f67a6cd -2b4a5a5d5688 -a91a7c709600", *KERNELS])
def test_a_session_runs_without_vpids(name: str) -> None:
    m = Machine(name, enable_vpid=False).given_vmx().given_l2(vpid=None)
    m.enter()
    m.run("load 0x800000", "vmcall", "vmresume", "vmcall", "invept 2")
    assert (m.vcpu.exit_to_user, m.vcpu.guest_mode) == ("", False)


def test_several_kernels_in_one_line() -> None:
    assert several("v4.3 4.4 | v6.12 -2b4a5a5d5688 | eeeb4f6^") == ("v4.3", "v4.4", "v6.12 -2b4a5a5d5688", "eeeb4f67a6cd^")
    with pytest.raises(UserError, match="no kernel was named"):
        several(" | ")


def test_a_kernel_is_made_once_however_it_is_written() -> None:
    assert kernel("v4.4") is kernel("4.4") and kernel("v4.3") is not kernel("v4.4")
    assert kernel("v4.3 +5c614b3583e7") is kernel("4.3, +5c614b35")
