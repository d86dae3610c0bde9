"""The vCPUs pane, and what is true of every pane."""

from __future__ import annotations

import pytest

from kvmdbg.session import reports
from kvmdbg.session.grid import Row
from kvmdbg.ui.panes import GRID, PaneSpec, all_panes, table
from kvmdbg.ui.panes.vcpus import vcpus
from session_support import session


def test_it_is_the_report() -> None:
    s = session("map L1 0x400000 0x400000", "inject load 0x400000")
    assert vcpus(s) == reports.REPORTS["vcpus"](s)
    assert vcpus(s).rows[0].mark == ">"


def test_enter_switches_to_the_vcpu() -> None:
    spec = next(spec for spec in all_panes() if spec.name == "vcpus")
    assert spec.choose is not None and spec.choose(Row(("1",), "", 1)) == "vcpu 1"


def test_every_pane_has_a_key_of_its_own() -> None:
    keys = [spec.key for spec in all_panes() if spec.key]
    assert keys == sorted(set(keys)) == list("12345678")


@pytest.mark.parametrize("spec", all_panes(), ids=lambda spec: spec.name)
def test_a_pane_names_a_report_that_exists_and_a_known_size(spec: PaneSpec) -> None:
    assert not spec.report or spec.report in reports.REPORTS
    assert spec.size in ("narrow", "wide") and spec.title


@pytest.mark.parametrize("spec", [spec for spec in all_panes() if spec.kind == GRID], ids=lambda spec: spec.name)
@pytest.mark.parametrize("lines", [(), ("map L1 0x400000 0x400000", "inject load 0x400000")], ids=["fresh", "ran"])
def test_a_table_has_as_many_cells_as_columns(spec: PaneSpec, lines: tuple[str, ...]) -> None:
    found = spec.draw(session(*lines))
    assert all(len(row.cells) == len(found.columns) for row in found.rows)
    assert found.rows or found.note


def test_what_a_report_complains_about_stands_in_its_place() -> None:
    found = table(session(), "source")
    assert found.rows == () and found.note
