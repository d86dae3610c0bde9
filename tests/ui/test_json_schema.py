"""docs/JSON.md names every kind and every key that the program prints."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kvmdbg.ui.cli import main
from kvmdbg.ui.interactive import TOUR

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "JSON.md").read_text()
NAMED = set(re.findall(r"`(\w+)`", DOCUMENT)) | {"schema", "kind"}
LINES = ["print 1", "list", "info tlb", "expect 1 == 2", "display 1", "stepi", "echo x", "quit 0"]


@pytest.mark.parametrize("arguments", [
    ("run", str(TOUR), *(word for line in LINES for word in ("-ex", line))),
    ("compare", str(TOUR), "-k", "v4.3"),
    ("kernels",),
], ids=lambda arguments: arguments[0])
def test_every_key_is_documented(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    main([*arguments, "--json"])
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert objects
    assert {key for one in objects for key in one} <= NAMED
    assert {one["kind"] for one in objects} <= NAMED
