"""`info registers`."""

from __future__ import annotations

from kvmdbg.explore.schedule import run_until_waiting
from kvmdbg.machine.kvm import tables
from kvmdbg.machine.kvm.host_events import happen, parse_host_event
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


def test_in_pae_paging_the_four_pdptes_are_registers_too() -> None:
    s = looking("v6.12")
    assert "pdpte0" not in {row.cells[0] for row in registers(s).rows}
    tables.poke(s.kvm, s.kvm.vcpus[0], 0x7008, 0x8001)
    happen(s.kvm, parse_host_event("set-sregs EFER=0x800 CR3=0x7000", 1, 0))
    run_until_waiting(s.kvm, 0)
    values = {row.cells[0]: row for row in registers(s).rows}
    assert [values[f"pdpte{i}"].cells[1:] for i in (0, 1)] == [("0", "not present"), ("8001", "table 0x8000")]
    assert (values["pdpte0"].mark, values["pdpte1"].mark) == ("", "*")
