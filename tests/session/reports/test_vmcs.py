"""The VMCS table: columns, differences, changes, control bits."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.state import VMCS01_BASE
from kvmdbg.session.grid import Row
from kvmdbg.session.report_view import View
from kvmdbg.session.reports.vmcs import chosen, vmcs
from looking import looking
from session_support import L2, session


def row(s: View, field: str, argument: str = "") -> Row:
    return next(row for row in vmcs(s, argument).rows if row.cells[0] == field)


def test_without_nesting_there_is_only_vmcs01() -> None:
    s = looking()
    grid = vmcs(s)
    assert [column.name for column in grid.columns] == ["field", "vmcs01", "note"]
    assert row(s, "VIRTUAL_PROCESSOR_ID").cells[1] == "1"
    assert row(s, "SECONDARY_EXEC.ENABLE_EPT").cells[1] == "1"
    assert vmcs(s, "12").note == "vcpu0 has no vmcs12 now."


def test_what_changed_since_the_last_stop_shows_its_old_value() -> None:
    s = looking()
    s.stop_position_before = s.tape.end
    s.kvm.hw.vmcs[VMCS01_BASE, F.GUEST_CR3] = 0x7000
    changed = row(s, "GUEST_CR3")
    assert (changed.mark, changed.cells[1], changed.cells[2]) == ("*", "7000", "was 1000")


def test_a_pattern_shows_fields_that_are_zero_too() -> None:
    names = vmcs(looking(), "ept").column("field")
    assert "EPT_POINTER" in names and "EPTP_LIST_ADDRESS" in names
    assert vmcs(looking(), "nosuch").note == "No field is called NOSUCH."


def test_the_exit_reason_is_said_in_words() -> None:
    assert row(looking("v6.12", "cpuid"), "VM_EXIT_REASON").cells[-1] == "10 CPUID, was 0"


def test_interesting_fields_come_first() -> None:
    assert vmcs(looking()).column("field")[:2] == ("VIRTUAL_PROCESSOR_ID", "EPT_POINTER")


@pytest.mark.parametrize(("argument", "names", "differing", "pattern"), [
    ("", ("vmcs01", "vmcs12", "vmcs02"), False, ""),
    ("12 02 diff", ("vmcs12", "vmcs02"), True, ""),
    ("01|02", ("vmcs01", "vmcs02"), False, ""),
    ("vmcs12 cr3", ("vmcs12",), False, "CR3"),
])
def test_the_argument(argument: str, names: tuple[str, ...], differing: bool, pattern: str) -> None:
    assert chosen(argument) == (names, differing, pattern, False)


def test_two_patterns_are_refused() -> None:
    with pytest.raises(UserError, match="Too many words"):
        chosen("cr3 rip")


def test_a_field_that_a_capability_has_taken_away_is_absent() -> None:
    bit = "absent: IA32_VMX_PROCBASED_CTLS2 bit 37 (secondary control bit 5, ENABLE_VPID)"
    s = session("machine enable_vpid=0 vpid=0")
    assert row(s, "VIRTUAL_PROCESSOR_ID").cells == ("VIRTUAL_PROCESSOR_ID", "absent", bit)
    assert "POSTED_INTR_NV" not in vmcs(s).column("field")            # no machine here has it unless asked


def test_absent_fields_alone() -> None:
    names = vmcs(session(), "absent").column("field")
    assert {"POSTED_INTR_NV", "PML_ADDRESS", "HOST_S_CET"} <= set(names) and "GUEST_RIP" not in names
    assert row(session(), "PML_ADDRESS", "pml").cells[1] == "absent"


def test_what_l1_is_not_offered_is_absent_in_vmcs12() -> None:
    s = session("machine l1.vmfunc=0", *L2, kernel="v6.12")
    assert row(s, "VM_FUNCTION_CONTROL").cells[1:4] == ("0", "absent", "0")
