"""What every commit file declares."""

from __future__ import annotations

import importlib
import re

import pytest

from kvmdbg.machine.eras import versions
from kvmdbg.machine.eras.commit import COMMITS, Commit
from kvmdbg.machine.kvm.era import Era

ALL = tuple(COMMITS)


@pytest.mark.parametrize("commit", ALL, ids=lambda commit: commit.hash)
def test_a_commit_says_which_it_is(commit: Commit) -> None:
    assert re.fullmatch("[0-9a-f]{12}", commit.hash)
    assert re.fullmatch(r"v\d+\.\d+", commit.first)
    assert re.fullmatch(r"20\d\d-[01]\d", commit.date)
    assert commit.subject
    assert commit.touches
    assert commit.read in ("spec", "memory")
    assert commit.without.__module__ == f"kvmdbg.machine.eras.c{commit.hash}"
    assert (importlib.import_module(commit.without.__module__).__doc__ or "").startswith(f"{commit.hash}: ")


@pytest.mark.parametrize("commit", ALL, ids=lambda commit: commit.hash)
def test_it_answers_questions_that_there_are_and_says_how_it_was(commit: Commit) -> None:
    answers = [name for name in vars(commit.without) if not name.startswith("_")]
    assert answers
    assert commit.without.__doc__
    assert all(hasattr(Era, name) and getattr(commit.without, name).__doc__ for name in answers)


@pytest.mark.parametrize("commit", ALL, ids=lambda commit: commit.hash)
def test_it_needs_older_commits_only(commit: Commit) -> None:
    assert all(COMMITS[need].order < commit.order for need in commit.needs)


def test_orders_are_unique_and_follow_the_releases() -> None:
    in_order = sorted(ALL, key=lambda commit: commit.order)
    assert len({commit.order for commit in ALL}) == len(ALL)
    releases = [tuple(int(part) for part in commit.first[1:].split(".")) for commit in in_order]
    assert releases == sorted(releases)
    by_release = [(release, commit.date) for release, commit in zip(releases, in_order, strict=True)]
    assert by_release == sorted(by_release)            # a fix for a release may be younger than what waits for the next one


def test_the_drawer_is_open() -> None:
    assert versions.VERSIONS
    assert len(ALL) >= 18
