"""VM-entry checks on the guest's segment registers (SDM Vol. 3C 26.3.1.2), in the manual's order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kvmdbg.machine.hw.checking import GUEST_AREA, Check, Rule, Subject, When, both, has, is_canonical, lacks, only
from kvmdbg.machine.hw.controls import (
    AR_DB,
    AR_G,
    AR_L,
    AR_P,
    AR_S,
    AR_UNUSABLE,
    CR0_PE,
    ENTRY_IA32E_MODE,
    RFLAGS_VM,
    SEC_UNRESTRICTED_GUEST,
)
from kvmdbg.machine.hw.fields import F

SEGMENTS: Final = "SDM Vol. 3C 26.3.1.2"
AR_DEFINED: Final = 0x1_F0FF                  # bits 31:17 and 11:8 are reserved
V8086_AR: Final = 0xF3


class Fields(NamedTuple):
    """The four fields of one segment register."""

    name: str
    selector: int
    base: int
    limit: int
    ar: int


def _fields(name: str) -> Fields:
    return Fields(name, *(getattr(F, f"GUEST_{name}_{part}") for part in ("SELECTOR", "BASE", "LIMIT", "AR_BYTES")))


ES, CS, SS, DS, FS, GS, LDTR, TR = (_fields(name) for name in ("ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR"))
DATA: Final = (DS, ES, FS, GS)
CODE_AND_DATA: Final = (CS, SS, *DATA)


def ia32e(s: Subject) -> bool:
    """Is the guest in IA-32e mode after this VM entry?"""
    return bool(s.read(F.VM_ENTRY_CONTROLS) & ENTRY_IA32E_MODE)


def restricted(s: Subject) -> bool:
    """Not an unrestricted guest."""
    return not s.secondary & SEC_UNRESTRICTED_GUEST


def usable(segment: Fields) -> When:
    return lacks(segment.ar, AR_UNUSABLE)


def dpl(ar: int) -> int:
    return ar >> 5 & 3


VIRTUAL_8086: Final = has(F.GUEST_RFLAGS, RFLAGS_VM)
NOT_VIRTUAL_8086: Final = lacks(F.GUEST_RFLAGS, RFLAGS_VM)


# -- selectors and bases ------------------------------------------------------------------------------------------------

def in_gdt(value: int, _: Subject) -> str:
    return "have TI (bit 2) = 0" if value & 4 else ""


def rpl_of_cs(value: int, s: Subject) -> str:
    return "have the RPL of CS" if (value ^ s.read(CS.selector)) & 3 else ""


def selector_times_16(segment: Fields) -> Rule:
    def rule(value: int, s: Subject) -> str:
        wanted = s.read(segment.selector) << 4
        return "" if value == wanted else f"be {wanted:#x} (selector * 16) in virtual-8086 mode"
    return rule


def exactly(wanted: int) -> Rule:
    return lambda value, _: "" if value == wanted else f"be {wanted:#x} in virtual-8086 mode"


# -- access rights ------------------------------------------------------------------------------------------------------

def cs_type(value: int, s: Subject) -> str:
    """Accessed code; also read/write data (3) for an unrestricted guest."""
    types = (9, 11, 13, 15) if restricted(s) else (3, 9, 11, 13, 15)
    return "" if value & 0xF in types else f"have a type among {', '.join(map(str, types))}"


def ss_type(value: int, _: Subject) -> str:
    return "" if value & 0xF in (3, 7) else "have type 3 or 7"


def data_type(value: int, _: Subject) -> str:
    if not value & 1:
        return "have an accessed type (bit 0)"
    return "be readable if code (bits 3 and 1)" if value & 8 and not value & 2 else ""


def code_or_data(value: int, _: Subject) -> str:
    return "" if value & AR_S else "set S (bit 4)"


def system(value: int, _: Subject) -> str:
    return "not set S (bit 4)" if value & AR_S else ""


def present(value: int, _: Subject) -> str:
    return "" if value & AR_P else "set P (bit 7)"


def cs_dpl(value: int, s: Subject) -> str:
    """Type 3 wants 0, non-conforming code the DPL of SS, conforming code at most that."""
    stack = dpl(s.read(SS.ar))
    match value & 0xF:
        case 3:
            return "" if dpl(value) == 0 else "have DPL 0 with type 3"
        case 9 | 11:
            return "" if dpl(value) == stack else f"have the DPL of SS, {stack}"
        case 13 | 15:
            return "" if dpl(value) <= stack else f"have a DPL of at most that of SS, {stack}"
    return ""


def ss_dpl_is_rpl(value: int, s: Subject) -> str:
    return "" if dpl(value) == s.read(SS.selector) & 3 else "have a DPL equal to the RPL of SS"


def ss_dpl_is_0(value: int, s: Subject) -> str:
    real = s.read(CS.ar) & 0xF == 3 or not s.read(F.GUEST_CR0) & CR0_PE
    return "have DPL 0 in real-address mode" if real and dpl(value) else ""


def data_dpl(segment: Fields) -> Rule:
    """For data and non-conforming code: DPL at least the selector's RPL."""
    def rule(value: int, s: Subject) -> str:
        low = value & 0xF <= 11 and dpl(value) < s.read(segment.selector) & 3
        return "have a DPL of at least the selector's RPL" if low else ""
    return rule


def not_32_bit_and_64_bit(value: int, s: Subject) -> str:
    return "not set both L and D/B" if ia32e(s) and value & AR_L and value & AR_DB else ""


def granularity(segment: Fields) -> Rule:
    def rule(value: int, s: Subject) -> str:
        limit = s.read(segment.limit)
        if value & AR_G and limit & 0xFFF != 0xFFF:
            return f"not set G with limit {limit:#x}"
        return f"set G with limit {limit:#x}" if limit >> 20 and not value & AR_G else ""
    return rule


def tr_type(value: int, s: Subject) -> str:
    types = (11,) if ia32e(s) else (3, 11)
    return "" if value & 0xF in types else f"have type {' or '.join(map(str, types))} (busy TSS)"


def ldtr_type(value: int, _: Subject) -> str:
    return "" if value & 0xF == 2 else "have type 2 (LDT)"


# -- the table ----------------------------------------------------------------------------------------------------------

def _check(name: str, field: int, rule: Rule, when: When | None = None) -> Check:
    check = Check(name, GUEST_AREA, SEGMENTS, field, rule)
    return check._replace(when=when) if when else check


def _bases() -> Iterator[Check]:
    for segment in CODE_AND_DATA:
        yield _check(f"guest {segment.name} base is the selector's in virtual-8086 mode", segment.base,
                     selector_times_16(segment), VIRTUAL_8086)
    for segment in (TR, FS, GS):
        yield _check(f"guest {segment.name} base is canonical", segment.base, is_canonical)
    yield _check("guest LDTR base is canonical", LDTR.base, is_canonical, usable(LDTR))
    yield _check("guest CS base has 32 bits", CS.base, only(0xFFFF_FFFF))
    for segment in (SS, DS, ES):
        yield _check(f"guest {segment.name} base has 32 bits", segment.base, only(0xFFFF_FFFF), usable(segment))


def _virtual_8086() -> Iterator[Check]:
    for segment in CODE_AND_DATA:
        yield _check(f"guest {segment.name} limit is 64K in virtual-8086 mode", segment.limit, exactly(0xFFFF), VIRTUAL_8086)
    for segment in CODE_AND_DATA:
        yield _check(f"guest {segment.name} is a data segment in virtual-8086 mode", segment.ar, exactly(V8086_AR), VIRTUAL_8086)


def _access_rights() -> Iterator[Check]:
    """Code and data segments outside virtual-8086 mode."""
    def check(name: str, segment: Fields, rule: Rule, when: When = NOT_VIRTUAL_8086) -> Check:
        applies = both(NOT_VIRTUAL_8086, when)
        return _check(name, segment.ar, rule, applies if segment is CS else both(applies, usable(segment)))

    yield check("guest CS is accessed code", CS, cs_type)
    yield check("guest SS is accessed read/write data", SS, ss_type)
    for segment in DATA:
        yield check(f"guest {segment.name} is accessed and readable", segment, data_type)
    for segment in CODE_AND_DATA:
        yield check(f"guest {segment.name} is a code or data segment", segment, code_or_data)
    yield check("guest CS has a DPL that fits SS", CS, cs_dpl)
    yield _check("guest SS has the DPL of its RPL", SS.ar, ss_dpl_is_rpl, both(NOT_VIRTUAL_8086, restricted))
    yield _check("guest SS has DPL 0 in real-address mode", SS.ar, ss_dpl_is_0, NOT_VIRTUAL_8086)
    for segment in DATA:
        yield check(f"guest {segment.name} has a DPL that fits its selector", segment, data_dpl(segment), restricted)
    for segment in CODE_AND_DATA:
        yield check(f"guest {segment.name} is present", segment, present)
    for segment in CODE_AND_DATA:
        yield check(f"guest {segment.name} access rights have no reserved bit", segment, only(AR_DEFINED))
    yield check("guest CS is not both 64-bit and 32-bit", CS, not_32_bit_and_64_bit)
    for segment in CODE_AND_DATA:
        yield check(f"guest {segment.name} granularity fits its limit", segment, granularity(segment))


def _system_segments() -> Iterator[Check]:
    yield _check("guest TR is a busy TSS", TR.ar, tr_type)
    yield _check("guest TR is usable", TR.ar, only(0xFFFF_FFFF & ~AR_UNUSABLE))
    yield _check("guest LDTR is an LDT", LDTR.ar, ldtr_type, usable(LDTR))
    for segment, when in ((TR, None), (LDTR, usable(LDTR))):
        yield _check(f"guest {segment.name} is a system segment", segment.ar, system, when)
        yield _check(f"guest {segment.name} is present", segment.ar, present, when)
        yield _check(f"guest {segment.name} access rights have no reserved bit", segment.ar, only(AR_DEFINED), when)
        yield _check(f"guest {segment.name} granularity fits its limit", segment.ar, granularity(segment), when)


SEGMENT_CHECKS: Final[tuple[Check, ...]] = (
    _check("guest TR selector is in the GDT", TR.selector, in_gdt),
    _check("guest LDTR selector is in the GDT", LDTR.selector, in_gdt, usable(LDTR)),
    _check("guest SS has the RPL of CS", SS.selector, rpl_of_cs, both(NOT_VIRTUAL_8086, restricted)),
    *_bases(),
    *_virtual_8086(),
    *_access_rights(),
    *_system_segments(),
)
