"""The VMCS pane and its filter."""

from __future__ import annotations

from kvmdbg.ui.panes import all_panes
from kvmdbg.ui.panes.vmcs import ALL, DIFFERING, vmcs
from session_support import L2, session


def test_the_three_stand_side_by_side() -> None:
    names = [column.name for column in vmcs(session(*L2)).columns]
    assert names[:4] == ["field", "vmcs01", "vmcs12", "vmcs02"]


def test_the_filter_leaves_what_differs() -> None:
    s = session(*L2)
    everything, differing = vmcs(s, ALL), vmcs(s, DIFFERING)
    assert 0 < len(differing.rows) < len(everything.rows)
    assert all(len(set(row.cells[1:4])) > 1 or row.mark == "*" for row in differing.rows)


def test_the_pane_goes_through_both() -> None:
    assert next(spec.options for spec in all_panes() if spec.name == "vmcs") == (ALL, DIFFERING)
