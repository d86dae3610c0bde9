"""docs/COMMITS.md is what the program prints: `make docs` writes it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_page_is_what_the_program_says_now() -> None:
    found = importlib.util.spec_from_file_location("make_commits", ROOT / "scripts" / "make_commits.py")
    assert found is not None and found.loader is not None
    script = importlib.util.module_from_spec(found)
    found.loader.exec_module(script)
    assert script.page() == (ROOT / "docs" / "COMMITS.md").read_text(encoding="utf-8"), "run `make docs`"
