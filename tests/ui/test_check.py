"""`kvmdbg check`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kvmdbg.ui.cli import main

CASES = """\
schema: kvmdbg-cases/1
family: demo
set: open
cases:
  - id: DEMO-O01
    title: a type that no processor knows
    source: {repo: demo, file: demo.c, function: demo}
    basis: test
    given: {}
    matrix: {columns: [type, vpid], rows: [[4, 1], [5, 1]]}
    steps: ["L1: invvpid type=$type vpid=$vpid gla=0"]
    expect:
      - {step: 1, outcome: VMfailValid, error: ERROR}
"""


def cases(tmp_path: Path, error: int = 28, text: str = CASES) -> str:
    path = tmp_path / "demo.yaml"
    path.write_text(text.replace("ERROR", str(error)))
    return str(path)


def test_all_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", cases(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ok           DEMO-O01  a type that no processor knows (2 instances)", "2 passed, 0 failed, 0 unsupported"]


def test_a_failure_says_what_was_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", cases(tmp_path, 12)]) == 1
    line, last = capsys.readouterr().out.splitlines()
    assert line.startswith("FAIL         DEMO-O01") and "expected" in line
    assert last == "0 passed, 2 failed, 0 unsupported"


def test_what_is_unsupported_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", cases(tmp_path, text=CASES.replace("L1: invvpid", "L1: vmrun; invvpid"))]) == 1
    line, last = capsys.readouterr().out.splitlines()
    assert line.startswith("unsupported  DEMO-O01") and "vmrun" in line
    assert last == "0 passed, 0 failed, 2 unsupported"


def test_json_has_each_instance_and_a_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", cases(tmp_path), "--json"])
    case, summary = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (case["kind"], case["id"], case["status"]) == ("case", "DEMO-O01", "ok")
    assert [one["values"] for one in case["instances"]] == [{"type": 4, "vpid": 1}, {"type": 5, "vpid": 1}]
    assert (summary["passed"], summary["failed"], summary["unsupported"]) == (2, 0, 0)


def test_one_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", cases(tmp_path), "--case", "DEMO-O01"]) == 0
    assert main(["check", cases(tmp_path), "--case", "DEMO-O99"]) == 2
    assert "DEMO-O99" in capsys.readouterr().err


def test_the_script_of_a_case_can_be_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", cases(tmp_path), "--script"]) == 0
    assert "# DEMO-O01: a type that no processor knows" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "schema: other\n", "cases: [", "\0\1"],
                         ids=["empty", "another schema", "half written", "binary"])
def test_a_file_that_is_no_file_of_cases(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert main(["check", cases(tmp_path, text=text)]) == 2
    output, errors = capsys.readouterr()
    assert output == "" and len(errors.splitlines()) == 1 and "demo.yaml" in errors


def test_a_directory_and_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [main(["check", str(tmp_path)]), main(["check", str(tmp_path / "x")])] == [2, 2]
    assert len(capsys.readouterr().err.splitlines()) == 2
