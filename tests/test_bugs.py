"""scripts/bugs/README.md has a row for each known bug, and the scripts that it names exist."""

from __future__ import annotations

import re
from pathlib import Path

BUGS = Path(__file__).resolve().parents[1] / "scripts" / "bugs"
ROWS = [[cell.strip() for cell in line.strip("|").split("|")]
        for line in (BUGS / "README.md").read_text().splitlines() if re.match(r"\| \d+[a-z]? \|", line)]


def test_each_of_the_34_bugs_has_its_rows_in_order() -> None:
    numbers = [int(row[0].rstrip("abcd")) for row in ROWS]
    assert numbers == sorted(numbers) and set(numbers) == set(range(1, 35)) and len({row[0] for row in ROWS}) == len(ROWS)


def test_a_row_names_a_script_that_exists_or_says_why_it_is_open() -> None:
    for number, _, _, script, _ in ROWS:
        named = re.findall(r"`(\S+\.kvmdbg)`", script)
        assert named or re.match(r"open: \w+", script), number
        for name in named:
            assert re.match(rf"{number.rstrip('abcd').zfill(2)}[a-d]?-", name) and (BUGS / name).is_file(), name


def test_every_script_has_its_row() -> None:
    named = {name for row in ROWS for name in re.findall(r"`(\S+\.kvmdbg)`", row[3])}
    assert named == {path.name for path in BUGS.glob("*.kvmdbg")}
