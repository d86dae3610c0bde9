"""Tables about kernels."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import COMMITS
from kvmdbg.machine.eras.versions import VERSIONS, kernel, lacking
from kvmdbg.session import kernels
from kvmdbg.session.kernels import before, changes, commit_data, commits_grid, in_order, versions_grid
from session_support import text


def test_versions_and_commits() -> None:
    versions, commits = versions_grid("v4.4"), commits_grid(frozenset({"2b4a5a5d5688"}))
    assert versions.column("kernel") == tuple(version.name for version in VERSIONS)
    assert [row.mark for row in versions.rows if row.mark] == [">"]
    assert len(commits.rows) == len(COMMITS) and commits.column("commit")[0] == in_order()[0].hash
    assert [row.cells[0] for row in commits.rows if row.mark] == ["2b4a5a5d5688"]
    assert "has_vpid02" in next(row.cells[5] for row in commits.rows if row.cells[0] == "5c614b3583e7")


def test_every_commit_says_what_it_changes_and_how_it_was_before() -> None:
    for one in COMMITS:
        assert changes(one) and before(one) and not changes(one).startswith(one.hash)
        assert set(commit_data(one)) == {"hash", "first", "date", "subject", "changes", "before", "answers", "touches", "needs",
                                         "series", "read"}


def test_a_commit_in_full() -> None:
    said = text(kernels.commit_in_full(COMMITS["5c614b3583e7"]))
    for words in ("KVM: nVMX: nested VPID emulation", "without it: L1 and all its L2s", "needed by: 089d7b6ec515",
                  "has_vpid02 | no | yes"):
        assert words in said


def test_a_kernel_in_full() -> None:
    newer = len(lacking(VERSIONS[-1]))
    said = text(kernels.kernel_in_full(kernel("v6.12 -2b4a5a5d5688")))
    assert "without 2b4a5a5d5688 KVM: nVMX: Flush current VPID" in said and f"it lacks {newer + 1} of" in said
    assert "flushes | guest_flush_is_vpid02 | no | without 2b4a5a5d5688 (v5.16)" in said
    assert f"it lacks {newer} of" in text(kernels.kernel_in_full(kernel("v6.12")))
