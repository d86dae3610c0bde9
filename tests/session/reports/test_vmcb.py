"""The report of a VMCB."""

from __future__ import annotations

import pytest

from dump_support import vmcb_log
from kvmdbg.session.reports.vmcb import exit_name, meaning
from session_support import say, session


@pytest.mark.parametrize(("name", "value", "text"), [
    ("tlb_ctl", 3, "flush this ASID"), ("tlb_ctl", 2, "reserved"), ("nested_ctl", 0x41, "NP_ENABLE RO_GUEST_TABLES"),
    ("cs.attrib", 0xA9B, "type 0xb dpl 0 S P L G"), ("efer", 0x1D01, "SCE LME LMA NXE SVME"), ("rip", 5, ""),
    ("event_inj", 0x8000_0B0E, "exception 0xe, with an error code"), ("event_inj", 5, ""), ("intercepts4", 3, "VMRUN VMMCALL"),
    ("exit_code", 0x400, "NPF")])
def test_what_a_value_means(name: str, value: int, text: str) -> None:
    assert meaning(name, value) == text


@pytest.mark.parametrize(("code", "text"), [
    (0x00, "read of CR0"), (0x13, "write of CR3"), (0x2F, "read of DR15"), (0x37, "write of DR7"), (0x4E, "exception 14"),
    (0x7F, "SHUTDOWN"), (0xFFFF_FFFF, "INVALID: VMRUN refused the VMCB"), (0x999, "unknown")])
def test_exit_codes(code: int, text: str) -> None:
    assert exit_name(code) == text


def test_the_fields_that_are_not_zero_or_those_asked_for() -> None:
    s = session("load dmesg a", read_file=lambda name: vmcb_log())
    rows = say(s, "info vmcb").split("\n")
    assert " | asid | 3 | 058 | " in rows and not any("int_vector" in row for row in rows)
    assert say(s, "info vmcs") == say(s, "info vmcb")
    assert say(s, "info vmcb int_vec") == " | int_vector | 0 | 064 | " and "No field is called" in say(s, "info vmcb colour")
    assert "has no VMCB" in say(session(), "info vmcb")
