"""`kvmdbg kernels`."""

from __future__ import annotations

import json

import pytest

from kvmdbg.ui.cli import main


def test_versions_and_commits_with_their_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kernels"]) == 0
    output = capsys.readouterr().out
    for word in ("v4.3", "v4.4", "v6.12", "5c614b3583e7", "prepare_vmcs02()", "E15"):
        assert word in output


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kernels", "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    versions = {one["name"]: one for one in found if one["kind"] == "kernel"}
    assert versions["v6.12"]["lacks"] == []
    assert "5c614b3583e7" in versions["v4.3"]["lacks"] and "5c614b3583e7" not in versions["v4.4"]["lacks"]
    assert all(one["touches"] and one["subject"] for one in found if one["kind"] == "commit")
