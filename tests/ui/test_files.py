"""Files are read, or refused in one clear line."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from kvmdbg.errors import UserError
from kvmdbg.ui.files import decoded, name_of, read_text


def test_text_is_read_without_mark_and_carriage_returns(tmp_path: Path) -> None:
    path = tmp_path / "a.kvmdbg"
    path.write_bytes(b"\xef\xbb\xbfstep\r\n# \xc3\xa9\r\n")
    assert read_text(str(path)) == "step\n# é\n"


def test_standard_input_is_called_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"step\n")))
    assert read_text("-") == "step\n"
    assert name_of("-") == "<stdin>"


@pytest.mark.parametrize(("make", "says"), [
    (lambda path: None, "no such file"),
    (lambda path: path.mkdir(), "is a directory, not a file"),
    (lambda path: path.write_bytes(b"step\n\0\1"), "not a text file (a zero byte at offset 5)"),
    (lambda path: path.write_bytes(b"step \xc3"), "not a text file (no UTF-8 at offset 5)"),
], ids=["missing", "directory", "binary", "cut off in a character"])
def test_what_cannot_be_read_is_one_line(tmp_path: Path, make: object, says: str) -> None:
    path = tmp_path / "x"
    make(path)  # type: ignore[operator]
    with pytest.raises(UserError) as wrong:
        read_text(str(path))
    assert str(wrong.value) == f"{path}: {says}"


def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(UserError, match="no name of a file"):
        read_text("a\0b")


def test_something_huge_is_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kvmdbg.ui.files.LARGEST", 1 << 20)
    with pytest.raises(UserError, match="larger than 1 MiB"):
        decoded("x", b"a" * ((1 << 20) + 1))
