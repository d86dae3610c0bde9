"""`kvmdbg run`: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kvmdbg.errors import UserError
from kvmdbg.ui.cli import main

GOOD = "inject load 0x5000\nexpect level == 1\nprint level\n"


def script(tmp_path: Path, text: str, name: str = "a.kvmdbg") -> str:
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def run(*arguments: str) -> int:
    return main(["run", *arguments])


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_everything_held(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script(tmp_path, GOOD)
    assert run(path) == 0
    output, errors = capsys.readouterr()
    assert errors == ""
    assert "$1 = 1" in output.splitlines()
    assert output.splitlines()[-1].startswith(f"{path}: 1 expectation held on v6.12; digest ")


def test_a_missed_expectation_is_told_with_its_place_and_the_rest_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script(tmp_path, "expect level == 2\nprint 7\nexpect level == 3\n")
    assert run(path) == 1
    output, errors = capsys.readouterr()
    assert [line.partition(": ")[0] for line in errors.splitlines()] == [f"{path}:1", f"{path}:3"]
    assert "$1 = 7" in output
    assert "0 expectations held, 2 failed" in output


def test_a_line_that_fails_ends_the_script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script(tmp_path, "expect 1 == 2\nnosuchword\nprint 7\n")
    assert run(path) == 1
    output, errors = capsys.readouterr()
    assert errors.splitlines()[0].startswith(f"{path}:1: ")
    assert errors.splitlines()[1].startswith(f'{path}:2: Undefined command: "nosuchword".')
    assert "$1" not in output


def test_a_half_written_file_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script(tmp_path, "break flush\ncommands 1\n  print 1\n")
    assert run(path) == 2
    assert capsys.readouterr().err == f"{path}:2: 'commands 1' has no `end`\n"


def test_the_kernel_of_the_command_line_wins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script(tmp_path, "kernel v4.3\nexpect on v4.4: 1 == 1\nprint kernel\n")
    assert run(path, "-k", "v4.4") == 0
    assert "v4.4" in capsys.readouterr().out


def test_an_unknown_kernel_or_file_runs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script(tmp_path, GOOD)
    assert run(path, "-k", "v9.9") == 2
    assert run(path, str(tmp_path / "missing")) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert [line.count("\n") for line in errors.splitlines()] == [0, 0]
    assert "v9.9" in errors and "missing: no such file" in errors


def test_commands_of_the_command_line_run_after_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script(tmp_path, "set $x = 3\n")
    assert run(path, "-ex", "print $x", "-ex", "expect $x == 4") == 1
    output, errors = capsys.readouterr()
    assert "$1 = 3" in output
    assert errors.startswith("-ex:2: ")


def test_commands_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-ex", "print 5") == 0
    assert capsys.readouterr().out == "$1 = 5\n"


def test_nothing_to_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 2
    assert "nothing to run" in capsys.readouterr().err


def test_each_file_has_a_machine_of_its_own(tmp_path: Path) -> None:
    first = script(tmp_path, "inject cpuid\nset $x = 1\n")
    second = script(tmp_path, 'expect count("vmexit") == 0\n', "b.kvmdbg")
    assert run(first, second) == 0


def test_lines_inside_a_block_are_no_commands_of_the_script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script(tmp_path, "program\n  cpuid\n  cpuid\nend\nexpect 1 == 1\n")
    assert run(path) == 0
    assert "1 expectation held" in capsys.readouterr().out


def test_quit_gives_the_code(tmp_path: Path) -> None:
    assert run(script(tmp_path, "quit 7\nnosuchword\n")) == 7
    assert run(script(tmp_path, "expect 1 == 2\nquit\n")) == 1


def test_json_is_an_object_a_line_that_names_its_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script(tmp_path, GOOD + "info tlb\nexpect 1 == 2\n")
    assert run(path, "--json") == 1
    found = objects(capsys.readouterr().out)
    assert {one["schema"] for one in found} == {"kvmdbg/1"}
    assert [one["kind"] for one in found] == ["stop", "value", "grid", "error", "end"]
    assert [(one["line"], one["command"]) for one in found[:3]] == [(1, "inject load 0x5000"), (3, "print level"), (4, "info tlb")]
    end = found[-1]
    assert (end["kernel"], end["held"], end["failed"], end["exit"]) == ("v6.12", 1, 1, 1)
    assert len(end["digest"]) == 16


def test_the_digest_is_the_same_each_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script(tmp_path, GOOD)
    run(path, "--json")
    run(path, "--json")
    ends = [one for one in objects(capsys.readouterr().out) if one["kind"] == "end"]
    assert ends[0] == ends[1]


def test_a_session_for_a_face_knows_whose_kernel_wins() -> None:
    from kvmdbg.ui.run import new_session

    assert new_session(None).kernel == "v6.12"
    assert new_session("4.4").kernel_wins
    with pytest.raises(UserError):
        new_session("v1.0")


def test_a_script_is_played_on_each_kernel_that_it_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script(tmp_path, "# About two.\nkernels v4.3 v6.12\nexpect on v4.3: level == 1\n")
    assert run(path) == 0
    assert [line.split(" on ")[1].split(";")[0] for line in capsys.readouterr().out.splitlines()] == ["v4.3", "v6.12"]
    assert run(path, "-k", "v4.4") == 0
    assert " on v4.4; " in capsys.readouterr().out.splitlines()[-1]
