"""Every report, everywhere on the tape of a whole nested session, on the oldest and the newest kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session.grid import MARKS, Grid
from kvmdbg.session.reports import REPORTS
from kvmdbg.session.results import parts
from kvmdbg.session.session import Session

SEED = Path(__file__).resolve().parents[3] / "scripts" / "seeds" / "003-nested-vpid.kvmdbg"


@pytest.mark.parametrize("kernel", ["v4.3", "v4.4", "v6.12"])
def test_it_has_a_cell_for_each_column_and_known_marks(kernel: str) -> None:
    s = Session(kernel, kernel_wins=True)
    s.run_script(SEED.name, SEED.read_text())
    for position in [*range(0, s.tape.end, 61), *range(s.tape.end, 0, -67)]:
        s.execute(f"goto #{position}")
        for report in REPORTS:
            try:
                shown = parts(report(s))
            except UserError:
                continue                      # nothing to show here, said in words
            for part in shown:
                if isinstance(part, Grid):
                    assert all(len(row.cells) == len(part.columns) and row.mark in ("", *MARKS) for row in part.rows)
                    assert part.rows or part.note


def test_every_report_is_described() -> None:
    Session()
    assert {report.name for report in REPORTS} >= {"vcpus", "requests", "tlb", "vmcs", "roots", "stats", "flushes", "breakpoints",
                                                   "display", "model", "source", "line", "frames", "registers"}
    assert all(report.meaning for report in REPORTS)
