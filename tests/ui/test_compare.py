"""`kvmdbg compare`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kvmdbg.ui.cli import main

KEYS = {"kernel", "flushes", "entries_dropped", "requests", "exits", "nested_entries", "nested_exits"}


def script(tmp_path: Path, text: str) -> str:
    path = tmp_path / "a.kvmdbg"
    path.write_text(text)
    return str(path)


def test_a_table_with_a_column_for_each_kernel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script(tmp_path, "kernel v4.4\ninject load 0x5000\n")
    assert main(["compare", path, "-k", "v4.3", "-k", "v6.12"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["v4.3", "v6.12"]
    assert any(line.startswith("!  flush invept:all-context") for line in lines)


def test_an_object_for_each_kernel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script(tmp_path, "inject cpuid\ninject cpuid\n")
    assert main(["compare", path, "-k", "v4.3", "-k", "v6.12", "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["kernel"] for one in found] == ["v4.3", "v6.12"]
    assert all(set(one) >= KEYS for one in found)
    assert all(isinstance(count, int) for one in found for count in one["flushes"].values())
    assert [one["exits"] for one in found] == [2, 2]


def test_what_fails_on_one_kernel_is_told_with_the_kernel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script(tmp_path, "expect on v4.3: 1 == 2\n")
    assert main(["compare", path, "-k", "v4.3", "-k", "v4.4"]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1 and errors[0].startswith(f"{path}:1: ") and errors[0].endswith("(on v4.3)")


def test_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script(tmp_path, "")
    for arguments in ([path], [path, "-k", "v4.3", "-k", "v1"], [path + "x", "-k", "v4.3"]):
        assert main(["compare", *arguments]) == 2
    output, errors = capsys.readouterr()
    assert output == "" and len(errors.splitlines()) == 3


def test_a_script_may_name_the_kernels_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script(tmp_path, "kernels v4.3 v6.12\ninject cpuid\n")
    assert main(["compare", path]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["v4.3", "v6.12"]


def test_variables_intervals_and_bookmarks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ("init-if-undefined $n = 1", "interval begin 2p/0K", "repeat $n", "  inject cpuid", "end", "interval end", "mark m")
    path = script(tmp_path, "\n".join(lines))
    assert main(["compare", path, "-k", "v4.3", "--json", "--set", "n=3"]) == 0
    assert json.loads(capsys.readouterr().out)["intervals"]["2p/0K"]["exits"] == 3
    assert main(["compare", path, "-k", "v4.3", "-k", "v4.4"]) == 0
    output = capsys.readouterr().out
    assert "Intervals: " in output and "published gain" in output and "Ranges" in output
    assert main(["compare", path, "-k", "v4.3", "--from", "m", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["exits"] == 0
    assert main(["compare", path, "-k", "v4.3", "--set", "n"]) == main(["compare", path, "-k", "v4.3", "--to", "x"]) == 2
