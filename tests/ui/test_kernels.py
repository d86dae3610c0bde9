"""`kvmdbg kernels`."""

from __future__ import annotations

import json

import pytest

from kvmdbg.machine.eras.versions import VERSIONS, lacking
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
    assert versions["v6.12"]["lacks"] == [entry.hash for entry in lacking(VERSIONS[-1])]
    assert "5c614b3583e7" in versions["v4.3"]["lacks"] and "5c614b3583e7" not in versions["v4.4"]["lacks"]
    assert all(one["changes"] and one["before"] and one["answers"] for one in found if one["kind"] == "commit")
    assert all(one["touches"] and one["subject"] for one in found if one["kind"] == "commit")


def test_one_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kernels", "5c614b3"]) == 0
    assert "nested VPID emulation" in capsys.readouterr().out
    assert main(["kernels", "v6.12 -2b4a5"]) == 0
    assert "kernel v6.12 -2b4a5a5d5688" in capsys.readouterr().out
    assert main(["kernels", "v4.3", "--json"]) == 0
    kernel = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"question": "has_vpid02", "answer": "no", "decided by": "without 5c614b3583e7 (v4.4)"} in kernel["answers"]
    assert main(["kernels", "5c614b3583e7", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["hash"] == "5c614b3583e7"
    assert main(["kernels", "now"]) == 2
