"""`info registers`."""

from __future__ import annotations

from kvmdbg.session.reports.registers import registers
from looking import looking


def test_the_guests_while_it_runs_and_the_hosts_after_an_exit() -> None:
    s = looking("v6.12", "mov cr3, 0x7000")
    values = {row.cells[0]: row for row in registers(s).rows}
    assert (values["cr3"].cells[1], values["cr3"].mark) == ("7000", "*")
    assert "LMA" in values["efer"].cells[2] and values["vmx"].cells[1] == "non-root"
    assert registers(s).title == "Registers of cpu0, L1 runs"
    s.tape.seek(0)
    assert registers(s).title == "Registers of cpu0, L0 runs"
    assert {row.cells[0]: row.cells[1] for row in registers(s).rows}["current_vmcs"] == "-"
