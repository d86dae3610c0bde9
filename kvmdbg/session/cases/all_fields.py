"""Every field of a VMCS written and read: a value that tells the field and the cookie, as kvm-unit-tests makes them."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import RFLAGS_CF, RFLAGS_ZF
from kvmdbg.machine.hw.fields import EXIT_INFO, FIELDS, Field
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.nested_checks import nested_caps
from kvmdbg.machine.kvm.nested_vmcs_access import ACCESS_RIGHTS, ACCESS_RIGHTS_BITS
from kvmdbg.session.cases.harness import Harness

WORDS: Final = ("all", "every")
_COOKIE: Final = re.compile(r"(?:all(?: fields)?|every field) (?:with a value derived from )?(\S+)")
_READ: Final = ("all", "all fields", "every field")
INDEX: Final = 0x1FF
NOT_READ: Final = -1                     # as a value: VMREAD has failed, though vmcs12 has the field
TAG: Final = 0xDEAD_BEEF << 32           # so that the upper half of a field is not 0 either


class Fields(NamedTuple):
    """What a read of every field gave."""

    read: tuple[tuple[int, int], ...]        # (encoding, value)
    written: int                             # the cookie of what was last written to all; -1: nothing was


def kept(field: Field, cookie: int) -> int:
    """What a field keeps of the value for this cookie: cut to its width, and without the reserved bits of access rights."""
    value = (cookie | field.encoding << 8 | TAG) & field.mask
    return value & ACCESS_RIGHTS_BITS if field.encoding in ACCESS_RIGHTS else value


def written(h: Harness) -> list[Field]:
    """The fields that L1 can write: exit information only where IA32_VMX_MISC bit 29 is 1."""
    every = nested_caps(h.kvm).vmwrite_any_field
    return [field for field in vmcs12.MEMBERS
            if h.kvm.era.vmcs12_has(field.encoding) and (every or field.area != EXIT_INFO)]


def vmwrite_all(h: Harness, text: str) -> None:
    """`all 0x86`, `every field with a value derived from 0x42`.  raises: Unsupported for other words."""
    match = _COOKIE.fullmatch(text)
    if match is None:
        raise Unsupported(f"vmwrite {text}: all fields get one value, or one that is derived from it")
    h.cookie = h.binding.number(match[1])
    for field in written(h):
        h.player.inject(f"vmwrite {field.name}, {h.cookie | field.encoding << 8 | TAG:#x}")


def vmread_all(h: Harness, text: str) -> Fields:
    """`all`, `every field`: each that vmcs12 has.  raises: Unsupported for other words."""
    if text not in _READ:
        raise Unsupported(f"vmread {text}: one field, or every field")
    found = []
    h.highest_index = -1
    for field in written(h):
        h.player.inject(f"vmread {field.name}")
        accepted = not h.flags(1) & (RFLAGS_CF | RFLAGS_ZF)
        if accepted:
            h.highest_index = max(h.highest_index, field.encoding >> 1 & INDEX)
        found.append((field.encoding, h.rax if accepted else NOT_READ))
    return Fields(tuple(found), h.cookie)


def difference(fields: Fields, cookie: int) -> str:
    """The first field that does not hold what was written with this cookie; "" when all do."""
    for encoding, value in fields.read:
        if value != kept(FIELDS[encoding], cookie):
            return f"{FIELDS[encoding].name} = {value:#x} instead of {kept(FIELDS[encoding], cookie):#x}"
    return "" if fields.read else "no field was read"
