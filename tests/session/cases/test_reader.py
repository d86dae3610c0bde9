"""The reader takes every file of the format, and says of a malformed one where and what."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session.cases.reader import read_file, read_text, texts
from support import shared_path

GOOD = """
schema: kvmdbg-cases/1
family: demo
set: open
cases:
- id: DEMO-O01
  title: first
  source: {repo: r, commit: 123456789abc, file: f.c, function: g}
  basis: test
  given: {caps: {vpid: true}}
  steps: ['L1: invvpid type=$type vpid=1', 'L1: vmread VPID']
  matrix: {columns: [type, error], rows: [[1, null], [9, 28]], axes: {bit: 3..5}}
  expect:
  - {step: 1, on: VMX, outcome: VMsucceed, error: $error}
"""


def test_reads_a_case_into_typed_values() -> None:
    (case,) = read_text("demo.yaml", GOOD)
    assert (case.file, case.family, case.id, case.title, case.basis) == ("demo.yaml", "demo", "DEMO-O01", "first", "test")
    assert case.source == ("r", "123456789abc", "f.c", "g")
    assert case.given == {"caps": {"vpid": True}}
    assert case.steps == ("L1: invvpid type=$type vpid=1", "L1: vmread VPID")
    assert case.matrix == ("", ("type", "error"), ((1, None), (9, 28)), (("bit", (3, 4, 5)),))
    assert case.expect == ((1, "VMX", (("outcome", "VMsucceed"), ("error", "$error"))),)


def test_reads_every_file_of_the_shared_folder() -> None:
    files = sorted((shared_path() / "cases").glob("*.yaml"))
    cases = [case for file in files for case in read_file(str(file))]
    assert len(cases) >= 191


@pytest.mark.parametrize(("change", "message"), [
    (("schema: kvmdbg-cases/1", "schema: kvmdbg-cases/2"),
     "the file: schema is 'kvmdbg-cases/2'; this reader knows kvmdbg-cases/1"),
    (("set: open", "sets: open"), "the file: a file of cases has no key 'sets'; it has schema, family, set, cases"),
    (("family: demo\n", ""), "the file: a file of cases lacks the key 'family'"),
    (("  basis: test\n", ""), "DEMO-O01: a case lacks the key 'basis'"),
    (("basis: test", "basis: rumour"), "DEMO-O01: basis is 'rumour'; it is one of test, implementation, document"),
    (("title: first", "title: ''"), "DEMO-O01: title must be text, not empty text"),
    (("repo: r", "repository: r"), "DEMO-O01: source has no key 'repository'; it has repo, commit, file, function"),
    (("step: 1", "step: 3"), "DEMO-O01: an entry of expect names step 3; the steps are 1 to 2"),
    (("step: 1", "step: one"), "DEMO-O01: an entry of expect names step 'one'; the steps are 1 to 2"),
    (("on: VMX", "on: ARM"), "DEMO-O01: an entry of expect counts on 'ARM'; it is VMX or SVM"),
    (("[9, 28]", "[9]"), "DEMO-O01: row 2 of the matrix has 1 values for 2 columns"),
    (("columns: [type, error]", "columns: [kind, error]"), "DEMO-O01: $type names no column or axis of the matrix"),
    (("bit: 3..5", "type: 3..5"), "DEMO-O01: the matrix names 'type' twice"),
    (("bit: 3..5", "bit: 5..3"), "DEMO-O01: axis 'bit': '5..3' is empty"),
    (("bit: 3..5", "bit: 3..N"), "DEMO-O01: axis 'bit': '3..N' is no range of numbers"),
    (("bit: 3..5", "bit: []"), "DEMO-O01: axis 'bit' is empty"),
    (("'L1: vmread VPID'", "7"), "DEMO-O01: step 2 must be text, not a number"),
    (("- id: DEMO-O01", "- id: 5"), "case 1: id must be text, not a number"),
    (("expect:\n  - {step: 1, on: VMX, outcome: VMsucceed, error: $error}", "expect: none"),
     "DEMO-O01: expect must be a list, not text"),
    (("step: 1, on: VMX, outcome: VMsucceed, error: $error", "step: 1"), "DEMO-O01: an entry of expect for step 1 says nothing"),
    (("given: {caps: {vpid: true}}", "given: [caps]"), "DEMO-O01: given must be a map, not a list"),
])
def test_a_malformed_file_is_one_clear_line(change: tuple[str, str], message: str) -> None:
    assert change[0] in GOOD
    with pytest.raises(UserError) as caught:
        read_text("demo.yaml", GOOD.replace(*change))
    assert str(caught.value) == f"demo.yaml: {message}"


def test_two_cases_with_one_id_are_refused() -> None:
    twice = GOOD + GOOD[GOOD.index("- id"):]
    with pytest.raises(UserError, match="^demo.yaml: DEMO-O01: two cases have this id$"):
        read_text("demo.yaml", twice)


@pytest.mark.parametrize(("text", "message"), [
    ("", "x.yaml: the file: a file of cases must be a map, not nothing"),
    ("a: [1", "x.yaml: line "),
    ("a: 1\na: 2\n", "x.yaml: line 2 not YAML: key 'a' twice"),
    ("!!python/object/apply:os.system ['true']", "x.yaml: line 1 not YAML: could not determine a constructor"),
    ("1: 2", "x.yaml: the file: a file of cases: key 1 is not a word"),
])
def test_what_is_not_yaml_says_so(text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        read_text("x.yaml", text)
    assert str(caught.value).startswith(message)


def test_an_unreadable_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read_file(str(tmp_path / "none.yaml"))
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="binary.yaml: not UTF-8 text"):
        read_file(str(tmp_path / "binary.yaml"))


def test_texts_reaches_every_depth() -> None:
    assert texts({"a": ["$x", {"b": "$y"}], "c": 3}) == ["$x", "$y"]
