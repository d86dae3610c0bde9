"""The map of the host's memory."""

from __future__ import annotations

from kvmdbg.session.reports.frames import frames
from looking import looking


def test_fixed_regions_ept_pages_and_guest_pages() -> None:
    s = looking("v6.12", "load 0x5000")
    grid = frames(s)
    assert "vmcs01 of vcpu0" in grid.column("holds")
    (guest_page,) = (row for row in grid.rows if row.cells[1] == "1")
    assert guest_page.cells[0] == f"{s.kvm.pages[1]:x}"
    assert guest_page.mark == "+"
    assert any(held.startswith("EPT01 level 4") for held in grid.column("holds"))
