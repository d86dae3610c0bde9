"""Every check on the guest's segment registers: a VMCS that fails it, and fails nothing before it."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.checking import GUEST_AREA, subject
from kvmdbg.machine.hw.checks import first_problem
from kvmdbg.machine.hw.controls import (
    AR_DB,
    AR_G,
    AR_P,
    AR_S,
    AR_UNUSABLE,
    CR0_PE,
    CR0_PG,
    RFLAGS_VM,
    SEC_ENABLE_EPT,
    SEC_UNRESTRICTED_GUEST,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.segment_checks import CODE_AND_DATA, CS, DATA, DS, ES, FS, GS, LDTR, SEGMENT_CHECKS, SS, TR
from vmx import CR0, reader, says_everything, with_vmcs

NOT_CANONICAL = 0x8000_0000_0000
LDT = {LDTR.ar: 0x82, LDTR.limit: 0xFF}
UNRESTRICTED = {F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_EPT | SEC_UNRESTRICTED_GUEST}
REAL_MODE = {**UNRESTRICTED, F.GUEST_CR0: CR0 & ~(CR0_PE | CR0_PG), F.VM_ENTRY_CONTROLS: 0}
V8086 = {F.GUEST_RFLAGS: 2 | RFLAGS_VM, F.VM_ENTRY_CONTROLS: 0,
         **{segment.base: 0x100 for segment in CODE_AND_DATA}, **{segment.limit: 0xFFFF for segment in CODE_AND_DATA},
         **{segment.ar: 0xF3 for segment in CODE_AND_DATA}}

BAD: dict[str, dict[int, int]] = {
    "guest TR selector is in the GDT": {TR.selector: 0x44},
    "guest LDTR selector is in the GDT": {**LDT, LDTR.selector: 0x14},
    "guest SS has the RPL of CS": {SS.selector: 0x13},
    **{f"guest {s.name} base is the selector's in virtual-8086 mode": {**V8086, s.base: 0x200} for s in CODE_AND_DATA},
    **{f"guest {s.name} base is canonical": {s.base: NOT_CANONICAL} for s in (TR, FS, GS)},
    "guest LDTR base is canonical": {**LDT, LDTR.base: NOT_CANONICAL},
    **{f"guest {s.name} base has 32 bits": {s.base: 1 << 32} for s in (CS, SS, DS, ES)},
    **{f"guest {s.name} limit is 64K in virtual-8086 mode": {**V8086, s.limit: 0xFFFFF} for s in CODE_AND_DATA},
    **{f"guest {s.name} is a data segment in virtual-8086 mode": {**V8086, s.ar: 0xC0F3} for s in CODE_AND_DATA},
    "guest CS is accessed code": {CS.ar: 0xA093},
    "guest SS is accessed read/write data": {SS.ar: 0xC091},
    **{f"guest {s.name} is accessed and readable": {s.ar: 0xC099} for s in DATA},
    "guest CS is a code or data segment": {CS.ar: 0xA09B & ~AR_S},
    **{f"guest {s.name} is a code or data segment": {s.ar: 0xC093 & ~AR_S} for s in (SS, *DATA)},
    "guest CS has a DPL that fits SS": {CS.ar: 0xA0FB},
    "guest SS has the DPL of its RPL": {CS.ar: 0xA0FB, SS.ar: 0xC0F3},
    "guest SS has DPL 0 in real-address mode": {**REAL_MODE, CS.ar: 0xC09F, SS.ar: 0xC0F3},
    **{f"guest {s.name} has a DPL that fits its selector": {s.selector: 0x13} for s in DATA},
    "guest CS is present": {CS.ar: 0xA09B & ~AR_P},
    **{f"guest {s.name} is present": {s.ar: 0xC093 & ~AR_P} for s in (SS, *DATA)},
    "guest CS access rights have no reserved bit": {CS.ar: 0xA09B | 1 << 8},
    **{f"guest {s.name} access rights have no reserved bit": {s.ar: 0xC093 | 1 << 17} for s in (SS, *DATA)},
    "guest CS is not both 64-bit and 32-bit": {CS.ar: 0xA09B | AR_DB},
    "guest CS granularity fits its limit": {CS.ar: 0xA09B & ~AR_G},
    **{f"guest {s.name} granularity fits its limit": {s.limit: 0xFFFF_F000} for s in (SS, *DATA)},
    "guest TR is a busy TSS": {TR.ar: 0x89},
    "guest TR is usable": {TR.ar: 0x8B | AR_UNUSABLE},
    "guest LDTR is an LDT": {**LDT, LDTR.ar: 0x83},
    "guest TR is a system segment": {TR.ar: 0x8B | AR_S},
    "guest TR is present": {TR.ar: 0x0B},
    "guest TR access rights have no reserved bit": {TR.ar: 0x18B},
    "guest TR granularity fits its limit": {TR.limit: 0x10_0000},
    "guest LDTR is a system segment": {**LDT, LDTR.ar: 0x92},
    "guest LDTR is present": {**LDT, LDTR.ar: 0x02},
    "guest LDTR access rights have no reserved bit": {**LDT, LDTR.ar: 0x182},
    "guest LDTR granularity fits its limit": {**LDT, LDTR.ar: 0x8082},
}

FINE: dict[str, dict[int, int]] = {
    "unusable data segments may hold anything": {s.ar: AR_UNUSABLE | 0xF0C for s in DATA},
    "an LDT": LDT,
    "virtual-8086 mode": V8086,
    "user mode": {**{s.selector: 0x13 for s in CODE_AND_DATA}, CS.ar: 0xA0FB, **{s.ar: 0xC0F3 for s in (SS, *DATA)}},
    "real-address mode": {**REAL_MODE, CS.ar: 0x93, **{s.ar: 0x93 for s in (SS, *DATA)},
                          **{s.limit: 0xFFFF for s in CODE_AND_DATA}},
    "conforming code": {CS.ar: 0xA09F},
    "a 32-bit TSS outside IA-32e mode": {**UNRESTRICTED, F.VM_ENTRY_CONTROLS: 0, TR.ar: 0x83, CS.ar: 0xC09B},
}


@pytest.mark.parametrize("name", BAD)
def test_a_check_is_the_first_to_fail(name: str) -> None:
    hw, cpu = with_vmcs(BAD[name])
    s = subject(hw, cpu, reader(hw, cpu))
    check, problem = next((check, problem) for check in SEGMENT_CHECKS if (problem := check.test(s)))
    assert check.name == name and says_everything(problem, check, reader(hw, cpu))


@pytest.mark.parametrize("name", FINE)
def test_what_is_allowed_passes(name: str) -> None:
    hw, cpu = with_vmcs(FINE[name])
    s = subject(hw, cpu, reader(hw, cpu))
    assert [check.test(s) for check in SEGMENT_CHECKS if check.test(s)] == []


def test_every_check_has_a_row() -> None:
    assert set(BAD) == {check.name for check in SEGMENT_CHECKS}


def test_segment_checks_come_with_the_guest_checks() -> None:
    hw, cpu = with_vmcs({TR.ar: 0x89})
    problem = first_problem(subject(hw, cpu, reader(hw, cpu)), GUEST_AREA)
    assert problem is not None
    assert problem.text == "GUEST_TR_AR_BYTES = 0x89: must have type 11 (busy TSS) (SDM Vol. 3C 26.3.1.2)"
